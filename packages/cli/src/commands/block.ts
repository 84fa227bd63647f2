// `longwire block`, `longwire unblock` and `longwire blocks`: what a user decides about others.

import { fieldLimits } from '@longwire/protocol';
import { Command } from 'commander';
import { parseUserArgument } from '../arguments/id-arguments.js';
import { addOneCommandOptions, makeChange, type OneCommandOptions } from '../client/one-command.js';
import { printable } from '../terminal/printable.js';
import { type Terminal, writeLine } from '../terminal/terminal.js';

export function blockCommand(terminal: Terminal): Command {
  const command = new Command('block')
    .description('block a user: no messages, signals or presence pass between you two any more')
    .argument('<user>', 'user id', parseUserArgument);
  return addOneCommandOptions(command)
    .addHelpText('after', BLOCK_EXAMPLES)
    .action((user: string, options: OneCommandOptions) =>
      makeChange(options, terminal, 'blocked', (client, signal) => client.block(user, { signal })),
    );
}

export function unblockCommand(terminal: Terminal): Command {
  const command = new Command('unblock')
    .description('end a block of yours')
    .argument('<user>', 'user id', parseUserArgument);
  return addOneCommandOptions(command)
    .addHelpText('after', UNBLOCK_EXAMPLES)
    .action((user: string, options: OneCommandOptions) =>
      makeChange(options, terminal, 'unblocked', (client, signal) => client.unblock(user, { signal })),
    );
}

export function blocksCommand(terminal: Terminal): Command {
  const command = new Command('blocks')
    .description('list the users whom a user blocks')
    .option('--json', 'print one JSON object per line');
  return addOneCommandOptions(command)
    .addHelpText('after', BLOCKS_EXAMPLES)
    .action((options: OneCommandOptions & { readonly json?: boolean }) =>
      makeChange(options, terminal, 'listed', async (client, signal) => {
        let after: string | undefined;
        for (;;) {
          const { users, more } = await client.blocked({ after, limit: fieldLimits.pageItems, signal });
          for (const user of users) {
            await writeLine(terminal, printable(options.json ? JSON.stringify({ user }) : user));
          }
          after = users.at(-1);
          if (!more || after === undefined) return;
        }
      }),
    );
}

const BLOCK_EXAMPLES = `
What was written before stays readable. To keep a user from the whole server, an operator uses: longwire users block.

Examples:
  longwire block --as alice mallory`;

const UNBLOCK_EXAMPLES = `
Examples:
  longwire unblock --as alice mallory`;

const BLOCKS_EXAMPLES = `
Examples:
  longwire blocks --as alice`;
