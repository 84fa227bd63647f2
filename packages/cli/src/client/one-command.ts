// Client commands that ask for one change and end.

import { type LongwireClient, LongwireError } from '@longwire/client';
import type { Command } from 'commander';
import { parseMilliseconds } from '../arguments/milliseconds.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal/terminal.js';
import { addClientOptions, type ClientOptions, openClient, serverUrl } from './client-options.js';
import { signIn } from './sign-in.js';

export interface OneCommandOptions extends ClientOptions {
  readonly timeoutMs: number;
}

/** Nothing is read and nothing is acknowledged, as in `send`. */
const DEVICE = 'cli-send';
const CLOSE_TIMEOUT_MS = 250;

export function addOneCommandOptions(command: Command): Command {
  const parse = (text: string) => parseMilliseconds(text, { min: 1 });
  return addClientOptions(
    command.option('--timeout-ms <number>', 'how long to wait, including the sign-in', parse, 30_000),
  );
}

/**
 * Signs in, makes the change, ends, and returns what the change returned.
 * @param done  the participle for an error, such as `blocked`
 * @throws CliFailure if the change is refused
 */
export async function makeChange<Result>(
  options: OneCommandOptions,
  terminal: Terminal,
  done: string,
  change: (client: LongwireClient, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const client = openClient(options, terminal, {
    device: { kind: 'named', device: DEVICE },
    ackMode: 'manual',
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
  });
  const signal = AbortSignal.timeout(options.timeoutMs);
  await signIn(client, serverUrl(options, terminal), { limit: { signal, durationMs: options.timeoutMs } });
  // The SDK reconnects when the connection is lost; only the outcome is reported.
  client.on('error', () => undefined);
  try {
    return await change(client, signal);
  } catch (error) {
    if (!(error instanceof LongwireError)) throw error;
    const not = error.perhapsStored ? 'Perhaps not' : 'Not';
    throw new CliFailure(ExitCode.failed, `${not} ${done} (${error.code}): ${error.message}`, { cause: error });
  } finally {
    await client.close();
  }
}
