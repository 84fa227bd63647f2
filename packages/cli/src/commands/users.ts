// `longwire users`: blocks and unblocks users of the server that runs on a data folder.

import { Command, Option } from 'commander';
import { parseFutureTime } from '../arguments/duration.js';
import { parseUserArgument } from '../arguments/id-arguments.js';
import { printable } from '../terminal/printable.js';
import { type Terminal, writeLine } from '../terminal/terminal.js';
import { operatorOf } from './operator.js';
import { addServerOptions } from './server-options.js';

interface OutputOptions {
  readonly json?: boolean;
}

export function usersCommand(terminal: Terminal): Command {
  const block = new Command('block')
    .description('end the sessions of a user and refuse new ones, also after a restart of the server')
    .argument('<user>', 'user id', parseUserArgument)
    .addOption(
      new Option(
        '--until <time>',
        'when the block ends: 12h, 7d, 2030-12-31, 2030-12-31T18:00Z; default: never',
      ).argParser((text) => parseFutureTime(text, Date.now())),
    );
  addOperatorOptions(block, BLOCK_EXAMPLES).action(
    async (user: string, { until, json }: OutputOptions & { readonly until?: number }) => {
      const blocked = await operatorOf(block, terminal).blockUser(user, { until });
      const ended =
        blocked.endedSessions === 1 ? '1 session was ended' : `${blocked.endedSessions} sessions were ended`;
      await print(terminal, json ? JSON.stringify(blocked) : `${user} is blocked ${endOf(blocked.until)}; ${ended}`);
    },
  );

  const unblock = new Command('unblock')
    .description('let a blocked user sign in again')
    .argument('<user>', 'user id', parseUserArgument);
  addOperatorOptions(unblock, UNBLOCK_EXAMPLES).action(async (user: string, { json }: OutputOptions) => {
    const unblocked = await operatorOf(unblock, terminal).unblockUser(user);
    const text = unblocked.wasBlocked ? `${user} may sign in again` : `${user} was not blocked`;
    await print(terminal, json ? JSON.stringify(unblocked) : text);
  });

  const list = new Command('list').description('list the users who are blocked');
  addOperatorOptions(list, LIST_EXAMPLES).action(async ({ json }: OutputOptions) => {
    const blocked = await operatorOf(list, terminal).blockedUsers();
    for (const each of blocked) {
      const line = `${each.user}  blocked ${endOf(each.until)}, since ${new Date(each.since).toISOString()}`;
      await print(terminal, json ? JSON.stringify(each) : line);
    }
  });

  return new Command('users')
    .description('block and unblock users of a running server')
    .addCommand(block)
    .addCommand(unblock)
    .addCommand(list);
}

function addOperatorOptions(command: Command, examples: string): Command {
  const form = command.name() === 'list' ? 'print one JSON object per line' : 'print one JSON object';
  return addServerOptions(command, ['data']).option('--json', form).addHelpText('after', examples);
}

function endOf(until: number | undefined): string {
  return until === undefined ? 'until it is unblocked' : `until ${new Date(until).toISOString()}`;
}

function print(terminal: Terminal, text: string): Promise<void> {
  return writeLine(terminal, printable(text));
}

const SHARED_HELP = `
Run this as the account of the server, on its machine. --data names the folder of the server, if it is not the default.`;

const BLOCK_EXAMPLES = `${SHARED_HELP}

Examples:
  longwire users block mallory
  longwire users block mallory --until 24h --data /var/lib/longwire`;

const UNBLOCK_EXAMPLES = `${SHARED_HELP}

Examples:
  longwire users unblock mallory`;

const LIST_EXAMPLES = `${SHARED_HELP}

Examples:
  longwire users list --json`;
