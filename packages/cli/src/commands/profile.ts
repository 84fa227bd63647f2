// `longwire profile`: shows the names and pictures of users, or changes those of one, as an admin.

import { Command } from 'commander';
import { parseGroupArgument, parseUserArgument } from '../arguments/id-arguments.js';
import { addOneCommandOptions, makeChange, type OneCommandOptions } from '../client/one-command.js';
import { userText } from '../client/user-names.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import { printable } from '../terminal/printable.js';
import { type Terminal, writeLine } from '../terminal/terminal.js';

interface ProfileOptions extends OneCommandOptions {
  readonly group?: string;
  readonly name?: string;
  readonly picture?: string;
  readonly json?: boolean;
}

export function profileCommand(terminal: Terminal): Command {
  const command = new Command('profile')
    .description('show the names and pictures of users, or change those of one; only admins may')
    .argument('<users...>', 'user ids', (text: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      parseUserArgument(text),
    ])
    .option('--group <group>', 'a group in which they are or were', parseGroupArgument)
    .option('--name <text>', 'give the user this name; an empty one removes it')
    .option('--picture <url>', 'give the user this picture; an empty one removes it')
    .option('--json', 'print one JSON object per line');
  return addOneCommandOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((users: readonly string[], options: ProfileOptions) => profile(users, options, terminal));
}

async function profile(users: readonly string[], options: ProfileOptions, terminal: Terminal): Promise<void> {
  const { group, name, picture, json } = options;
  if (name !== undefined || picture !== undefined) {
    await update(users, options, terminal);
    return;
  }
  const profiles = await makeChange(options, terminal, 'shown', (client) =>
    Promise.all(users.map((user) => (group === undefined ? client.profile(user) : client.group(group).profile(user)))),
  );
  for (const [index, user] of users.entries()) {
    const { name, picture } = profiles[index] ?? {};
    const text = [userText(user, name), picture].filter(Boolean).join('  ');
    await writeLine(terminal, printable(json ? JSON.stringify({ user, name, picture }) : text));
  }
}

async function update(users: readonly string[], options: ProfileOptions, terminal: Terminal): Promise<void> {
  const [user, ...others] = users;
  if (user === undefined || others.length > 0) {
    throw new CliFailure(ExitCode.usage, 'Give one user with --name or --picture');
  }
  const change = { name: orNull(options.name), picture: orNull(options.picture) };
  await makeChange(options, terminal, 'changed', (client, signal) => client.updateUser(user, change, { signal }));
}

/** An empty option removes what is there. */
function orNull(text: string | undefined): string | null | undefined {
  return text === '' ? null : text;
}

const EXAMPLES = `
You see those with whom you have exchanged a message, and with --group those who are or were in a group with you. Of all
others only the ids are printed, whether they exist or not.

Examples:
  longwire profile --as alice bob carol
  longwire profile --as alice --group eng dave --json | jq -r .name
  longwire profile --token "$ADMIN_TOKEN" bob --name 'Bob Builder'`;
