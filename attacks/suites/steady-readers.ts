// Readers that take a little and go on taking it: slower than what is due, faster than what is asked of them.

import { inParallel } from '@longwire/test-support/in-parallel';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { ServerProcess } from '@longwire/test-support/server-process';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawSocket } from '../harness/raw-socket.js';

export interface SteadyReaderScale {
  readonly heartbeatMs: number;
  readonly heartbeatGraceMs: number;
  readonly bytesPerSecond: number;
  /** What the reader that slows down takes at full speed: the larger, the larger its kernel's receive buffer. */
  readonly fastBytes: number;
  /** How long the readers are watched: several times what they may be silent. */
  readonly forMs: number;
}

/** What is due to a reader: more than the kernels and the outbox take. */
const DUE_BYTES = 24 * 1_048_576;
const BODY_BYTES = 60_000;
const IN_FLIGHT = 16;
const READ_EVERY_MS = 250;

export function describeSteadyReaders(scale: SteadyReaderScale): void {
  const timeout = scale.forMs + 240_000;

  describe(`readers of ${scale.bytesPerSecond} bytes per second, with the kernel's autotuned buffers`, {
    timeout,
  }, () => {
    let server: ServerProcess;
    let attempts = 0;

    beforeAll(async () => {
      server = await ServerProcess.start({
        ...raisedRates,
        LONGWIRE_LIMITS_HEARTBEAT_MS: String(scale.heartbeatMs),
        LONGWIRE_LIMITS_HEARTBEAT_GRACE_MS: String(scale.heartbeatGraceMs),
        LONGWIRE_LOG_LEVEL: 'debug',
      });
    });
    afterAll(() => server.remove());

    // Once more if it fails: a reader that the machine does not run for as long as the heartbeat allows has stopped.
    it.concurrent.each([
      ['from the beginning', 0],
      ['after fast ones', scale.fastBytes],
    ])('are not closed with 4003 or 4004: slow %s (row 83)', { timeout, retry: 1 }, async (name, fastBytes) => {
      attempts += 1;
      const user = `reader-${name.replaceAll(' ', '-')}-${attempts}`;
      const reader = await RawSocket.signIn(server.port, user);
      if (fastBytes === 0) reader.socket.pause();
      const writer = await WireClient.signIn(server.gatewayUrl, `writer-${user}`);
      const body = 'x'.repeat(BODY_BYTES - 2);
      await inParallel(Math.ceil((DUE_BYTES + fastBytes) / BODY_BYTES), IN_FLIGHT, async () => {
        await writer.ask({ type: 'send', to: `user/${user}`, body });
        if (reader.receivedBytes >= fastBytes) reader.socket.pause();
      });

      const { socket } = reader;
      socket.removeAllListeners('data');
      let taken = 0;
      let allowed = 0;
      const startedAt = performance.now();
      const timer = setInterval(() => {
        allowed = ((performance.now() - startedAt) / 1_000) * scale.bytesPerSecond;
        while (taken < allowed) {
          const chunk = socket.read(Math.min(socket.readableLength, Math.ceil(allowed - taken))) as Buffer | null;
          if (chunk === null) break;
          taken += chunk.length;
        }
      }, READ_EVERY_MS);
      await until(() => performance.now() - startedAt >= scale.forMs, 'the time to be over', 2 * scale.forMs);
      clearInterval(timer);
      expect(closeCodeOf(server, user)).toBeUndefined();
      expect(taken).toBeGreaterThan(0);
      reader.destroy();
      writer.cut();
    });

    it('are closed with 4003 or 4004 once they take nothing any more (row 83)', { timeout }, async () => {
      const reader = await RawSocket.signIn(server.port, 'stopped');
      reader.socket.pause();
      const writer = await WireClient.signIn(server.gatewayUrl, 'writer-stopped');
      const body = 'x'.repeat(BODY_BYTES - 2);
      await inParallel(Math.ceil(DUE_BYTES / BODY_BYTES), IN_FLIGHT, async () => {
        await writer.ask({ type: 'send', to: 'user/stopped', body });
      });
      await until(() => closeCodeOf(server, 'stopped') !== undefined, 'the end of the reader', scale.forMs + 120_000);
      expect([4003, 4004]).toContain(closeCodeOf(server, 'stopped'));
      writer.cut();
      reader.destroy();
    });
  });
}

/** What the server logs of the session of a user that has ended: a Close frame would come behind all that the user is due. */
function closeCodeOf(server: ServerProcess, user: string): number | undefined {
  const lines = server.output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { session?: string; user?: string; code?: number });
  const session = lines.find((line) => line.user === user)?.session;
  if (session === undefined) throw new Error(`the server logged no session of ${user}`);
  return lines.find((line) => line.code !== undefined && line.session === session)?.code;
}
