// `longwire mute`, `longwire archive` and `longwire hide`: what a user wants of a channel.

import { Command, Option } from 'commander';
import { parseFutureTime } from '../arguments/duration.js';
import { addOneCommandOptions, makeChange, type OneCommandOptions } from '../client/one-command.js';
import type { Terminal } from '../terminal/terminal.js';
import { parseAddressArgument } from './send.js';

interface PreferenceOptions extends OneCommandOptions {
  readonly off?: boolean;
}

export function muteCommand(terminal: Terminal): Command {
  const until = new Option('--until <time>', 'when it ends: 12h, 7d, 2030-12-31; default: never')
    .argParser((text) => parseFutureTime(text, Date.now()))
    .conflicts('off');
  return preferenceCommand('mute', 'do not notify the user of what comes in a channel')
    .addOption(until)
    .addHelpText('after', MUTE_EXAMPLES)
    .action((address: string, options: PreferenceOptions & { readonly until?: number }) =>
      makeChange(options, terminal, options.off ? 'unmuted' : 'muted', (client, signal) => {
        const channel = client.channel(address);
        return options.off ? channel.unmute({ signal }) : channel.mute({ until: options.until, signal });
      }),
    );
}

export function archiveCommand(terminal: Terminal): Command {
  return preferenceCommand('archive', 'show a channel apart from the others').action(
    (address: string, options: PreferenceOptions) =>
      makeChange(options, terminal, options.off ? 'unarchived' : 'archived', (client, signal) => {
        const channel = client.channel(address);
        return options.off ? channel.unarchive({ signal }) : channel.archive({ signal });
      }),
  );
}

export function hideCommand(terminal: Terminal): Command {
  return preferenceCommand('hide', 'leave a channel out of lists until it has a newer message').action(
    (address: string, options: PreferenceOptions) =>
      makeChange(options, terminal, options.off ? 'unhidden' : 'hidden', (client, signal) => {
        const channel = client.channel(address);
        return options.off ? channel.unhide({ signal }) : channel.hide({ signal });
      }),
  );
}

function preferenceCommand(name: string, description: string): Command {
  const command = new Command(name)
    .description(description)
    .argument('<address>', 'the channel, for example user/bob', parseAddressArgument)
    .option('--off', 'end it');
  return addOneCommandOptions(command);
}

const MUTE_EXAMPLES = `
Examples:
  longwire mute --as alice user/bob --until 8h
  longwire mute --as alice user/bob --off`;
