// `longwire search`: finds users by the beginning of their names.

import { Command, InvalidArgumentError } from 'commander';
import { addOneCommandOptions, makeChange, type OneCommandOptions } from '../client/one-command.js';
import { userText } from '../client/user-names.js';
import { printable } from '../terminal/printable.js';
import { type Terminal, writeLine } from '../terminal/terminal.js';

interface SearchOptions extends OneCommandOptions {
  readonly limit: number;
  readonly json?: boolean;
}

const MAX_FOUND = 20;

export function searchCommand(terminal: Terminal): Command {
  const command = new Command('search')
    .description('find users by the beginning of their names')
    .argument('<prefix>', 'how their names begin, in upper or lower case')
    .option('--limit <number>', `how many, up to ${MAX_FOUND}`, parseFoundLimit, MAX_FOUND)
    .option('--json', 'print one JSON object per line');
  return addOneCommandOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((prefix: string, options: SearchOptions) => search(prefix, options, terminal));
}

async function search(prefix: string, options: SearchOptions, terminal: Terminal): Promise<void> {
  const { limit, json } = options;
  const found = await makeChange(options, terminal, 'searched', (client, signal) =>
    client.searchUsers(prefix, { limit, signal }),
  );
  for (const { user, name, picture } of found) {
    const text = json ? JSON.stringify({ user, name, picture }) : userText(user, name);
    await writeLine(terminal, printable(text));
  }
}

function parseFoundLimit(text: string): number {
  const limit = Number(text);
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= MAX_FOUND) return limit;
  throw new InvalidArgumentError(`Expected a number from 1 to ${MAX_FOUND}.`);
}

const EXAMPLES = `
The server must allow it (users.searchable, which is off by default).

Examples:
  longwire search --as alice bo
  longwire search --token "$TOKEN" 'bob b' --json | jq -r .user`;
