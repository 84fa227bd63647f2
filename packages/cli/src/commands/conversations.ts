// `longwire conversations`: the channels of a user.

import { Command } from 'commander';
import { parsePageLimit } from '../arguments/page-limit.js';
import { channelJson, channelText } from '../client/entry-text.js';
import { addOneCommandOptions, makeChange, type OneCommandOptions } from '../client/one-command.js';
import { printable } from '../terminal/printable.js';
import { type Terminal, writeError, writeLine } from '../terminal/terminal.js';
import { parseAddressArgument } from './send.js';

interface ConversationsOptions extends OneCommandOptions {
  readonly after?: string;
  readonly limit: number;
  readonly json?: boolean;
}

export function conversationsCommand(terminal: Terminal): Command {
  const command = new Command('conversations')
    .description('list the channels of a user, with unread counts and newest entries; the newest first')
    .option('--after <address>', 'the last address of the page before', parseAddressArgument)
    .option('--limit <number>', 'how many, up to 200', parsePageLimit, 50)
    .option('--json', 'print one JSON object per line');
  return addOneCommandOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((options: ConversationsOptions) => conversations(options, terminal));
}

async function conversations(options: ConversationsOptions, terminal: Terminal): Promise<void> {
  const { after, limit, json } = options;
  const { channels, more } = await makeChange(options, terminal, 'listed', (client, signal) =>
    client.channels({ after, limit, signal }),
  );
  const now = Date.now();
  for (const channel of channels) {
    await writeLine(terminal, json ? channelJson(channel) : channelText(channel, now));
  }
  const last = channels.at(-1);
  if (more && last !== undefined) writeError(terminal, printable(`There is more: --after ${last.address}`));
}

const EXAMPLES = `
Channels that are hidden are left out. If there is more, the option of the next page is printed on stderr.

Examples:
  longwire conversations --as alice
  longwire conversations --as alice --json | jq -r 'select(.unread > 0) | .address'`;
