// Waiting for the first sign-in, and saying why there was none.

import type { LongwireClient } from '@longwire/client';
import { CliFailure, ExitCode } from './exit-code.js';

/** A signal that fires by itself, with the time it was given: for saying so. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  readonly durationMs: number;
}

/**
 * Resolves when the client is signed in for the first time. A person at a keyboard wants to know at once that nothing
 * answers, so the first failed attempt rejects; a connection lost later is the SDK's to get back.
 * @param limit  how long whoever asked is willing to wait, if not as long as the SDK is
 * @throws CliFailure (rejects) with the reason; the client is then closed
 */
export async function signIn(client: LongwireClient, url: string, limit?: TimeLimit): Promise<void> {
  let lastError = '';
  const fail = (why: string) => new CliFailure(ExitCode.failed, `Cannot sign in at ${url}: ${why}`);
  const removers = [
    client.on('error', (error) => {
      lastError = error.message;
    }),
  ];
  try {
    await new Promise<void>((resolve, reject) => {
      removers.push(
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
  } catch (error) {
    await client.close();
    throw error;
  } finally {
    for (const remove of removers) remove();
  }
}

/** Calls `run` when the signal fires, at once if it has. Returns the way to stop listening. */
function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal?.aborted === true) run();
  signal?.addEventListener('abort', run, { once: true });
  return () => signal?.removeEventListener('abort', run);
}
