// One session that reads nothing, while others of its user write to a great many ids: it is behind in each of those channels.

import { inParallel } from '@longwire/test-support/in-parallel';
import { peakDuring, residentBytes } from '@longwire/test-support/process-facts';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

export interface ChannelsBehindScale {
  readonly channels: number;
  readonly allRingsBytes: number;
  /** What the server takes besides: for appends, the session's outbox and state per channel, some of which V8 gives back late. */
  readonly workingBytes: number;
}

const MIB = 1_048_576;
const BODY_BYTES = 65_000;
/** To each id, so that the second one finds the session behind. */
const MESSAGES_EACH = 2;
const SENDERS = 4;
const IN_FLIGHT = 16;

export function describeManyChannelsBehind(scale: ChannelsBehindScale): void {
  describe('a session that is behind in many channels', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.gateway({
        ...raisedRates,
        LONGWIRE_LIMITS_ALL_RINGS_BYTES: String(scale.allRingsBytes),
        // It is to be there until the end.
        LONGWIRE_LIMITS_HEARTBEAT_GRACE_MS: '600000',
      });
    });
    afterAll(() => target.stop());

    it('costs the server no more than limits.allRingsBytes, and gets everything when it reads (row 82)', async () => {
      const stalled = await RawSocket.signIn(target.port, 'mallory', 'stalled');
      stalled.socket.pause();
      const senders: WireClient[] = [];
      for (let n = 0; n < SENDERS; n += 1) senders.push(await WireClient.signIn(target.url, 'mallory'));
      // They read what the others send, and keep nothing of it.
      for (const { socket } of senders) socket.on('message', () => forgetMessages(senders));

      const baselineBytes = await residentBytes(target.pid);
      const body = 'x'.repeat(BODY_BYTES - 2);
      const { peakBytes } = await peakDuring(target.pid, () =>
        inParallel(scale.channels * MESSAGES_EACH, IN_FLIGHT, async (n) => {
          const sender = senders[n % SENDERS]!;
          const sent = await sender.ask({ type: 'send', to: `user/unused-${Math.floor(n / MESSAGES_EACH)}`, body });
          expect(sent.type).toBe('sent');
        }),
      );
      const grownBytes = peakBytes - baselineBytes;
      process.stdout.write(`${scale.channels} channels behind: ${Math.round(grownBytes / MIB)} MiB more memory\n`);
      expect(grownBytes).toBeLessThan(scale.allRingsBytes + scale.workingBytes);

      const wantedBytes = scale.channels * MESSAGES_EACH * BODY_BYTES;
      stalled.socket.resume();
      await until(() => stalled.hasEnded || stalled.receivedBytes > wantedBytes, 'everything', 120_000);
      expect(stalled.hasEnded).toBe(false);
      stalled.destroy();
      for (const sender of senders) sender.cut();
    });
  });
}

function forgetMessages(clients: readonly WireClient[]): void {
  for (const { received } of clients) {
    for (let at = received.length - 1; at >= 0 && received[at]?.type === 'message'; at -= 1) received.pop();
  }
}
