// `longwire profile`: the names and pictures of users.

import { Command } from 'commander';
import { parseGroupArgument, parseUserArgument } from '../arguments/id-arguments.js';
import { addOneCommandOptions, makeChange, type OneCommandOptions } from '../client/one-command.js';
import { userText } from '../client/user-names.js';
import { printable } from '../terminal/printable.js';
import { type Terminal, writeLine } from '../terminal/terminal.js';

interface ProfileOptions extends OneCommandOptions {
  readonly group?: string;
  readonly json?: boolean;
}

export function profileCommand(terminal: Terminal): Command {
  const command = new Command('profile')
    .description('show the names and pictures of users')
    .argument('<users...>', 'user ids', (text: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      parseUserArgument(text),
    ])
    .option('--group <group>', 'a group in which they are or were', parseGroupArgument)
    .option('--json', 'print one JSON object per line');
  return addOneCommandOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((users: readonly string[], options: ProfileOptions) => profile(users, options, terminal));
}

async function profile(users: readonly string[], options: ProfileOptions, terminal: Terminal): Promise<void> {
  const { group, json } = options;
  const profiles = await makeChange(options, terminal, 'shown', (client) =>
    Promise.all(users.map((user) => (group === undefined ? client.profile(user) : client.group(group).profile(user)))),
  );
  for (const [index, user] of users.entries()) {
    const { name, picture } = profiles[index] ?? {};
    const text = [userText(user, name), picture].filter(Boolean).join('  ');
    await writeLine(terminal, printable(json ? JSON.stringify({ user, name, picture }) : text));
  }
}

const EXAMPLES = `
You see those with whom you have exchanged a message, and with --group those who are or were in a group with you. Of all
others only the ids are printed, whether they exist or not.

Examples:
  longwire profile --as alice bob carol
  longwire profile --as alice --group eng dave --json | jq -r .name`;
