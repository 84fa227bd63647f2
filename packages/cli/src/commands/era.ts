// `longwire era`: gives a data folder a new era by hand.

import { loadDataLocation, startNewEra } from '@longwire/server';
import { Command } from 'commander';
import { printable } from '../terminal/printable.js';
import { type Terminal, writeError, writeLine } from '../terminal/terminal.js';
import { addServerOptions, configSources } from './server-options.js';

export function eraCommand(terminal: Terminal): Command {
  const create = new Command('new').description(
    'give all channels of a data folder a new epoch, after its disk or its machine was set back',
  );
  addServerOptions(create, ['data'])
    .addHelpText('after', HELP)
    .action(async () => {
      const data = loadDataLocation(configSources(create, terminal));
      await startNewEra(data, (notice) => writeError(terminal, printable(notice)));
      const folder = data.kind === 'folder' ? data.path : '';
      await writeLine(terminal, printable(`All channels in ${folder} have a new epoch. The server may start`));
    });
  return new Command('era').description('say that a data folder was restored').addCommand(create);
}

const HELP = `
A start notices a data folder that was put back from a copy. It cannot notice a snapshot of the disk or of the whole machine that
was restored: run this then, before the server starts. Otherwise offsets are assigned twice, and clients that have the later
messages do not notice that these are gone. Nothing is deleted. Each client gets a "gap" with the reason "epoch" and goes on
reading where its device stopped.

Examples:
  longwire era new
  longwire era new --data /var/lib/longwire
  longwire era new --config longwire.yaml`;
