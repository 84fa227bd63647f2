// `longwire block` and `longwire unblock`: what a user decides about another one.

import { Command } from 'commander';
import { parseUserArgument } from '../arguments/id-arguments.js';
import { addOneCommandOptions, makeChange, type OneCommandOptions } from '../client/one-command.js';
import type { Terminal } from '../terminal/terminal.js';

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

const BLOCK_EXAMPLES = `
What was written before stays readable. To keep a user from the whole server, an operator uses: longwire users block.

Examples:
  longwire block --as alice mallory`;

const UNBLOCK_EXAMPLES = `
Examples:
  longwire unblock --as alice mallory`;
