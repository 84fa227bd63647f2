// `longwire history`: a page of a channel.

import { Command, InvalidArgumentError, Option } from 'commander';
import { parsePageLimit } from '../arguments/page-limit.js';
import { historyJson, historyText } from '../client/entry-text.js';
import { addOneCommandOptions, makeChange, type OneCommandOptions } from '../client/one-command.js';
import { userTextsIn } from '../client/user-names.js';
import { type Terminal, writeError, writeLine } from '../terminal/terminal.js';
import { parseAddressArgument } from './send.js';

interface HistoryCommandOptions extends OneCommandOptions {
  readonly before?: number;
  readonly after?: number;
  readonly limit: number;
  readonly json?: boolean;
}

export function historyCommand(terminal: Terminal): Command {
  const command = new Command('history')
    .description('print a page of a channel, oldest first: messages, changes of its group, and what is missing')
    .argument('<address>', 'the channel, for example user/bob', parseAddressArgument)
    .addOption(
      new Option('--before <offset>', 'what comes before this offset; default: the newest page')
        .argParser(parseOffset)
        .conflicts('after'),
    )
    .option('--after <offset>', 'what comes after this offset', parseOffset)
    .option('--limit <number>', 'how many offsets, up to 200', parsePageLimit, 50)
    .option('--json', 'print one JSON object per line');
  return addOneCommandOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((address: string, options: HistoryCommandOptions) => history(address, options, terminal));
}

async function history(address: string, options: HistoryCommandOptions, terminal: Terminal): Promise<void> {
  const { before, after, limit, json } = options;
  const { page, textOf } = await makeChange(options, terminal, 'read', async (client, signal) => {
    const page = await client.channel(address).history({ before, after, limit, signal });
    const senders = new Set(page.items.flatMap((item) => ('reason' in item ? [] : (item.from ?? []))));
    return { page, textOf: json ? undefined : await userTextsIn(client, address, [...senders]) };
  });
  const { items, more, first, last } = page;
  for (const item of items) await writeLine(terminal, textOf ? historyText(item, textOf) : historyJson(item));
  const next = after === undefined ? first : last;
  if (!more || next === undefined) return;
  writeError(terminal, `There is more: --${after === undefined ? 'before' : 'after'} ${next.offset}`);
}

function parseOffset(text: string): number {
  const offset = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(offset)) return offset;
  throw new InvalidArgumentError('Expected the offset of a message, a whole number.');
}

const EXAMPLES = `
Nothing is acknowledged or marked as read. If there is more, the options of the next page are printed on stderr.

Examples:
  longwire history --as alice user/bob
  longwire history --as alice group/eng --before 200 --limit 100
  longwire history --as alice user/bob --json | jq -r .body.text`;
