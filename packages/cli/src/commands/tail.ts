// `longwire tail`: the messages of a user and the changes of their groups as lines of JSON, from where the last run stopped.

import type { GroupChange, LongwireMessage, MemberChange } from '@longwire/client';
import { Command, InvalidArgumentError } from 'commander';
import { parseDeviceArgument } from '../arguments/id-arguments.js';
import { addClientOptions, type ClientOptions, openClient, serverUrl } from '../client/client-options.js';
import { groupEntryJson } from '../client/group-text.js';
import { messageJson } from '../client/message-text.js';
import { signIn } from '../client/sign-in.js';
import { nameIn } from '../client/user-names.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import { printable } from '../terminal/printable.js';
import { stopSignal } from '../terminal/stop-signal.js';
import { type Terminal, writeError, writeLine } from '../terminal/terminal.js';

interface TailOptions extends ClientOptions {
  readonly count?: number;
  readonly device?: string;
  readonly json?: boolean;
}

export function tailCommand(terminal: Terminal): Command {
  const command = new Command('tail')
    .description('print the messages of a user as they arrive, one JSON object per line')
    .option('--count <number>', 'exit after this many messages', parseCount)
    .option('--device <id>', 'reading position to use, in place of the one kept for this command', parseDeviceArgument)
    // For uniformity: the other commands have it, and this one prints nothing but JSON.
    .option('--json', 'print JSON; always the case here');
  return addClientOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((options: TailOptions) => tail(options, terminal));
}

async function tail(options: TailOptions, terminal: Terminal): Promise<void> {
  const device =
    options.device === undefined
      ? ({ kind: 'kept', command: 'tail' } as const)
      : ({ kind: 'named', device: options.device } as const);
  const client = openClient(options, terminal, { device, ackMode: 'manual' });
  const stop = stopSignal();
  const warn = (text: string) => writeError(terminal, printable(text));
  try {
    let left = options.count ?? Number.POSITIVE_INFINITY;
    const ended = new Promise<void>((resolve, reject) => {
      const print = async (message: LongwireMessage) => {
        if (left === 0) return;
        left -= 1;
        // Acknowledged only after the line is written: what the reader of a closed pipe missed is due again.
        const { channel, from } = message;
        const name = from === undefined ? undefined : await nameIn(client, channel, from);
        await writeLine(terminal, messageJson(message, name));
        client.ack(message);
        if (left === 0) resolve();
      };
      client.on('message', (message) => print(message).catch(reject));
      const printChange = async (type: 'member' | 'group', change: MemberChange | GroupChange) => {
        if (left === 0) return;
        await writeLine(terminal, groupEntryJson(type, change));
        client.ack(change);
      };
      client.on('member', (change) => printChange('member', change).catch(reject));
      client.on('group', (change) => printChange('group', change).catch(reject));
      client.on('gap', (gap) => writeLine(terminal, printable(JSON.stringify({ type: 'gap', ...gap }))).catch(reject));
    });
    // It may reject while the client still signs in, when nothing waits for it yet.
    ended.catch(() => undefined);
    await signIn(client, serverUrl(options, terminal), { interrupted: stop.interrupted });
    client.on('error', (error) => warn(`${error.code}: ${error.message}`));
    const stopped = new Promise<never>((_, reject) => {
      client.on('state', ({ state, reason, code, willReconnect }) => {
        if (state === 'connected') warn('reconnected');
        if (state !== 'disconnected') return;
        if (willReconnect) warn(`connection lost (${code ?? 'no close code'}${reason && `: ${reason}`}), reconnecting`);
        else reject(new CliFailure(ExitCode.failed, `The server ended the session (${code}): ${reason}`));
      });
    });
    await Promise.race([ended, stopped, stop.interrupted]);
  } finally {
    await client.close();
    stop.release();
  }
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('Expected a number of messages, at least 1.');
}

const EXAMPLES = `
A message has the name of its sender as name, if there is one. Changes of groups have the types member and group; --count
does not count them.

A message is acknowledged once its line is written, and the next run continues after it. The server keeps this reading
position under a device id, which the command keeps in a file for each server and user: in LONGWIRE_DEVICE_FOLDER if
that is set, otherwise in the state folder of your account. Ctrl+C exits with 130.

Control characters and marks that change the direction of text are printed as \\u escapes, which JSON parsers undo.

Examples:
  longwire tail --as bob
  longwire tail --as bob --count 1
  longwire tail --as bob | jq -r .body.text`;
