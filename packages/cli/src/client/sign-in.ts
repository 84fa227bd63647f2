// Waits for the first sign-in, and reports why it failed.

import type { LongwireClient, LongwireError } from '@longwire/client';
import { CliFailure, ExitCode } from '../exit-code.js';

/** A signal that fires after `durationMs`. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  readonly durationMs: number;
}

export interface SignInOptions {
  /** How long to wait, if less than the SDK does. */
  readonly limit?: TimeLimit;
  /** Rejects when the user interrupts the command. */
  readonly interrupted?: Promise<never>;
}

/**
 * Resolves when the client is signed in for the first time. Rejects at the first failed attempt, because a person at a
 * terminal wants to know at once that nothing answers; later reconnects are left to the SDK.
 * @throws CliFailure (rejects) with the reason; the client is then closed
 */
export async function signIn(client: LongwireClient, url: string, options: SignInOptions = {}): Promise<void> {
  const { limit, interrupted } = options;
  let lastError = '';
  const fail = (why: string) => new CliFailure(ExitCode.failed, `Cannot sign in at ${url}: ${why}`);
  const removers: (() => void)[] = [];
  const signedIn = new Promise<void>((resolve, reject) => {
    removers.push(
      client.on('error', (error) => {
        lastError = error.message;
        if (error.code === 'device_store_failed') reject(storeFailure(error));
      }),
      client.on('connected', () => resolve()),
      client.on('state', ({ state, reason, willReconnect }) => {
        if (state !== 'disconnected') return;
        const why = reason || lastError || 'no answer';
        const advice = willReconnect ? '. Is the server running there (longwire serve)?' : '';
        reject(fail(`${why}${advice}`));
      }),
      onAbort(limit?.signal, () => reject(fail(`no answer within ${limit?.durationMs} ms`))),
    );
  });
  try {
    await Promise.race(interrupted === undefined ? [signedIn] : [signedIn, interrupted]);
  } catch (error) {
    // Of the race only one is awaited.
    signedIn.catch(() => undefined);
    await client.close();
    throw error;
  } finally {
    for (const remove of removers) remove();
  }
}

/** The SDK would go on with a device id of this run, and the next run would get every message again. */
function storeFailure({ cause, message }: LongwireError): CliFailure {
  const why = cause instanceof Error ? cause.message : message;
  const advice = 'Set LONGWIRE_DEVICE_FOLDER to a folder that can be written';
  return new CliFailure(ExitCode.failed, `The reading position cannot be kept: ${why}. ${advice}`, { cause });
}

/** Calls `run` when the signal fires, at once if it has. Returns the way to stop listening. */
function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal?.aborted === true) run();
  signal?.addEventListener('abort', run, { once: true });
  return () => signal?.removeEventListener('abort', run);
}
