// Client commands that ask for one thing and end.

import { type LongwireClient, LongwireError } from '@longwire/client';
import type { Command } from 'commander';
import { parseTimeout } from '../arguments/milliseconds.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal/terminal.js';
import { addClientOptions, type ClientOptions, openSilentClient, serverUrl } from './client-options.js';
import { signIn } from './sign-in.js';

export interface OneCommandOptions extends ClientOptions {
  readonly timeoutMs: number;
}

export function addOneCommandOptions(command: Command): Command {
  return addClientOptions(
    command.option('--timeout-ms <number>', 'how long to wait, including the sign-in', parseTimeout, 30_000),
  );
}

/**
 * Signs in, asks, ends, and returns the answer.
 * @param failureOf  what to print when the server refuses, or does not answer in time
 * @throws CliFailure with that text
 */
export async function askOnce<Answer>(
  options: OneCommandOptions,
  terminal: Terminal,
  failureOf: (error: LongwireError) => string,
  ask: (client: LongwireClient, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const client = openSilentClient(options, terminal);
  // Starts before the sign-in: a server that accepts connections and never answers must not block a script.
  const signal = AbortSignal.timeout(options.timeoutMs);
  await signIn(client, serverUrl(options, terminal), { limit: { signal, durationMs: options.timeoutMs } });
  // The SDK reconnects when the connection is lost; only the outcome is reported.
  client.on('error', () => undefined);
  try {
    return await ask(client, signal);
  } catch (error) {
    if (!(error instanceof LongwireError)) throw error;
    throw new CliFailure(ExitCode.failed, failureOf(error), { cause: error });
  } finally {
    await client.close();
  }
}

/**
 * As `askOnce`, for a change.
 * @param done  the participle for an error, such as `blocked`
 * @throws CliFailure if the change is refused
 */
export function makeChange<Result>(
  options: OneCommandOptions,
  terminal: Terminal,
  done: string,
  change: (client: LongwireClient, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const failureOf = ({ code, message, perhapsStored }: LongwireError) =>
    `${perhapsStored ? 'Perhaps not' : 'Not'} ${done} (${code}): ${message}`;
  return askOnce(options, terminal, failureOf, change);
}
