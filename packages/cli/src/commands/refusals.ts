// `longwire refusals`: what the running server of a data folder has refused.

import { Command } from 'commander';
import { printable } from '../terminal/printable.js';
import { type Terminal, writeLine } from '../terminal/terminal.js';
import { operatorOf } from './operator.js';
import { addServerOptions } from './server-options.js';

export function refusalsCommand(terminal: Terminal): Command {
  const command = new Command('refusals').description('show how often a running server has refused something, and why');
  return addServerOptions(command, ['data'])
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { readonly json?: boolean }) => {
      const answer = await operatorOf(command, terminal).refusals();
      if (json) {
        await writeLine(terminal, JSON.stringify(answer));
        return;
      }
      const counts = Object.entries(answer.refusals).filter(([, count]) => count > 0);
      const width = Math.max(0, ...counts.map(([kind]) => kind.length));
      const since = new Date(answer.since).toISOString();
      const lines = counts.map(([kind, count]) => `${kind.padEnd(width)}  ${count}`);
      await writeLine(
        terminal,
        printable([counts.length === 0 ? `nothing since ${since}` : `since ${since}`, ...lines].join('\n')),
      );
    });
}

const EXAMPLES = `
Names with a dot are settings: their limit was exceeded. Run this as the account of the server, on its machine.

Examples:
  longwire refusals
  longwire refusals --json --data /var/lib/longwire`;
