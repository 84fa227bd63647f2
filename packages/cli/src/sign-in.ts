// Waiting for the first sign-in, and saying why there was none.

import type { LongwireClient } from '@longwire/client';
import { CliFailure, ExitCode } from './exit-code.js';

/**
 * Resolves when the client is signed in for the first time. A person at a keyboard wants to know at once that nothing
 * answers, so the first failed attempt rejects; a connection lost later is the SDK's to get back.
 * @throws CliFailure (rejects) with the reason; the client is then closed
 */
export async function signIn(client: LongwireClient, url: string): Promise<void> {
  let lastError = '';
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
          reject(new CliFailure(ExitCode.failed, `Cannot sign in at ${url}: ${why}${advice}`));
        }),
      );
    });
  } catch (error) {
    await client.close();
    throw error;
  } finally {
    for (const remove of removers) remove();
  }
}
