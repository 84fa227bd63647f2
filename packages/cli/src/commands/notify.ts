// `longwire notify` and `longwire announce`: what applications write, as an admin.

import type { JsonValue, LongwireClient, SendBody, SendOptions, SendResult } from '@longwire/client';
import { Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../arguments/duration.js';
import { parseUserArgument } from '../arguments/id-arguments.js';
import { addOneCommandOptions, askOnce, type OneCommandOptions } from '../client/one-command.js';
import { printable } from '../terminal/printable.js';
import { type Terminal, writeLine } from '../terminal/terminal.js';
import { unsentText } from './send.js';

interface NotifyOptions extends OneCommandOptions {
  readonly text?: string;
  readonly link?: string;
  readonly data?: JsonValue;
  readonly slot?: string;
  readonly ttl?: number;
  readonly key?: string;
  readonly json?: boolean;
}

type Write = (client: LongwireClient, body: SendBody, options: SendOptions) => Promise<SendResult>;

export function notifyCommand(terminal: Terminal): Command {
  const command = new Command('notify')
    .description('write a notification into the inbox of a user, as an admin, and print its offset once it is stored')
    .argument('<user>', 'whom to notify', parseUserArgument)
    .argument('<title>', 'its title');
  return addContentOptions(command)
    .addHelpText('after', NOTIFY_EXAMPLES)
    .action((user: string, title: string, options: NotifyOptions) =>
      write(title, options, terminal, (client, body, sendOptions) => client.notify(user, body, sendOptions)),
    );
}

export function announceCommand(terminal: Terminal): Command {
  const command = new Command('announce')
    .description('announce something to all users, as an admin, and print its offset once it is stored')
    .argument('<title>', 'its title');
  return addContentOptions(command)
    .addHelpText('after', ANNOUNCE_EXAMPLES)
    .action((title: string, options: NotifyOptions) =>
      write(title, options, terminal, (client, body, sendOptions) => client.announce(body, sendOptions)),
    );
}

function addContentOptions(command: Command): Command {
  command
    .option('--text <text>', 'more than the title')
    .option('--link <url>', 'where it leads')
    .option('--data <json>', 'a JSON value for applications', parseData)
    .option('--slot <name>', 'name of what it is about: replaces the older one with the same name')
    .option('--ttl <time>', 'when it is removed: after 30s, 15m, 1h, 7d', parseDuration)
    .option('--key <key>', 'idempotency key: repeats with the same key are stored once')
    .option('--json', 'print the position as one JSON object');
  return addOneCommandOptions(command);
}

async function write(title: string, options: NotifyOptions, terminal: Terminal, send: Write): Promise<void> {
  const { text, link, data, slot, ttl, key } = options;
  const ttlMs = ttl === undefined ? undefined : ttl * 1_000;
  const body = { title, text, link, data };
  const result = await askOnce(options, terminal, unsentText, (client, signal) =>
    send(client, body, { slot, ttlMs, key, signal }),
  );
  await writeLine(terminal, options.json ? printable(JSON.stringify(result)) : String(result.offset));
}

function parseData(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new InvalidArgumentError('Expected a JSON value, for example {"order":7}.');
  }
}

const RIGHTS = `
A token with role: admin is needed (longwire token create crm --role admin), or with auth dev a user of --dev-admins of the
server.`;

const NOTIFY_EXAMPLES = `${RIGHTS}

Examples:
  longwire notify --as crm bob 'Your order has shipped' --link https://shop.example.org/orders/7
  longwire notify --token "$TOKEN" bob 'Two new comments' --data '{"post":12}' --slot post-12 --ttl 7d`;

const ANNOUNCE_EXAMPLES = `${RIGHTS}

Examples:
  longwire announce --as crm 'Maintenance tonight' --text 'from 22:00 to 23:00 UTC'`;
