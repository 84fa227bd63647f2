// `longwire tail`: everything a user gets, one JSON object a line, going on where the last run stopped.

import type { LongwireMessage } from '@longwire/client';
import { parseDeviceId } from '@longwire/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { addClientOptions, type ClientOptions, openClient, serverUrl } from '../client-options.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import { messageJson } from '../message-text.js';
import { signIn } from '../sign-in.js';
import { stopSignal } from '../stop-signal.js';
import { type Terminal, writeError, writeLine } from '../terminal.js';

interface TailOptions extends ClientOptions {
  readonly count?: number;
  readonly device?: string;
  readonly json?: boolean;
}

export function tailCommand(terminal: Terminal): Command {
  const command = new Command('tail')
    .description('print what a user gets, one JSON object a line; the next run goes on where this one stopped')
    .option('--count <number>', 'end after so many messages', parseCount)
    .option('--device <id>', 'reading position to use instead of the one kept for this command', parseDevice)
    // Taken as well, so that every command takes it: lines of JSON are all there is.
    .option('--json', 'print JSON, as it always does');
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
  const signal = stopSignal();
  try {
    let left = options.count ?? Number.POSITIVE_INFINITY;
    const ended = new Promise<void>((resolve, reject) => {
      const print = async (message: LongwireMessage) => {
        if (left === 0) return;
        left -= 1;
        // Acknowledged only once the line is out: what the reader of a closed pipe missed comes again.
        await writeLine(terminal, messageJson(message));
        client.ack(message);
        if (left === 0) resolve();
      };
      client.on('message', (message) => print(message).catch(reject));
      client.on('gap', (gap) => writeLine(terminal, JSON.stringify({ type: 'gap', ...gap })).catch(reject));
    });
    // Rejects before anything waits for it if the pipe is closed while signing in.
    ended.catch(() => undefined);
    await signIn(client, serverUrl(options, terminal));
    client.on('error', (error) => writeError(terminal, `${error.code}: ${error.message}`));
    const stopped = new Promise<never>((_, reject) => {
      client.on('state', ({ state, reason, code, willReconnect }) => {
        if (state === 'connected') writeError(terminal, 'connected again');
        if (state !== 'disconnected') return;
        if (willReconnect)
          writeError(terminal, `connection lost (${code ?? 'none'}${reason && `: ${reason}`}), trying again`);
        else reject(new CliFailure(ExitCode.failed, `The server ended the session (${code}): ${reason}`));
      });
    });
    await Promise.race([ended, stopped, signal.received]);
  } finally {
    await client.close();
    signal.release();
  }
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('A number of messages, from 1.');
}

function parseDevice(text: string): string {
  if (parseDeviceId(text) !== undefined) return text;
  throw new InvalidArgumentError('A device id has 1-128 bytes without spaces, control characters or "/".');
}

const EXAMPLES = `
Where reading stopped is known to the server under a device id, which is kept in a file for each server and user
(in LONGWIRE_DEVICE_FOLDER, else the state folder of your account).

Examples:
  longwire tail --as bob
  longwire tail --as bob --count 1
  longwire tail --as bob | jq -r .body.text`;
