// Readers that stop reading, and readers that read a few bytes at a time. Rows 27 and 28 of docs/fault-catalogue.md.

import { inParallel } from '@longwire/test-support/in-parallel';
import { peakDuring, residentBytes } from '@longwire/test-support/process-facts';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textFrame } from '../harness/frame-writer.js';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

export interface SlowReaderScale {
  readonly stalled: number;
  /** Readers beside them that read. */
  readonly reading: number;
  readonly bodyBytes: number;
  /** To each stalled reader. */
  readonly messagesEach: number;
  readonly tricklers: number;
}

const MIB = 1_048_576;
/** `limits.outboxBytes` of the server under attack. */
const OUTBOX_BYTES = 262_144;
const SLOW_READER_MS = 1_000;
const IN_FLIGHT = 48;

export function describeSlowReaders(scale: SlowReaderScale): void {
  describe('stalled readers of the gateway', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.gateway({ LONGWIRE_LIMITS_OUTBOX_BYTES: String(OUTBOX_BYTES), ...raisedRates });
    });
    afterAll(() => target.stop());

    it('cost limits.outboxBytes each, delay no other session, and get every message in order (row 27)', async () => {
      await target.unharmed(
        async () => {
          const stalled: RawSocket[] = [];
          const reading: WireClient[] = [];
          await inParallel(scale.stalled, 8, async (index) => {
            stalled[index] = await RawSocket.signIn(target.port, `stalled-${index}`);
          });
          await inParallel(scale.reading, 8, async (index) => {
            reading[index] = await WireClient.signIn(target.url, `reading-${index}`);
          });
          const sender = await WireClient.signIn(target.url, 'sender');
          const baselineBytes = await residentBytes(target.pid);
          for (const peer of stalled) peer.socket.pause();

          const body = 'x'.repeat(scale.bodyBytes);
          const { peakBytes } = await peakDuring(target.pid, async () => {
            await inParallel(scale.messagesEach * stalled.length, IN_FLIGHT, async (index) => {
              const n = Math.floor(index / stalled.length);
              await sender.ask({ type: 'send', to: `user/stalled-${index % stalled.length}`, body });
              if (index % stalled.length < reading.length) {
                await sender.ask({ type: 'send', to: `user/reading-${index % stalled.length}`, body: n });
              }
            });
          });
          process.stdout.write(
            `${stalled.length} stalled readers, ${Math.round((scale.messagesEach * stalled.length * scale.bodyBytes) / MIB)} MiB due: ` +
              `${Math.round((peakBytes - baselineBytes) / MIB)} MiB more memory\n`,
          );
          expect(peakBytes - baselineBytes).toBeLessThan(stalled.length * OUTBOX_BYTES * 1.2 + 64 * MIB);

          const everything = Array.from({ length: scale.messagesEach }, (_, n) => n + 1);
          for (const client of reading.slice(0, stalled.length)) {
            await client.count('message', scale.messagesEach);
            expect(client.ofType('message').map(({ offset }) => offset)).toEqual(everything);
          }
          for (const peer of stalled) peer.socket.resume();
          await inParallel(stalled.length, 8, async (index) => {
            const first = await takenBy(stalled[index]!, scale);
            expect(first).toEqual(everything.slice(0, first.length));
            if (first.length === everything.length) return;
            // A reader that was stalled for longer than the heartbeat allows was closed; after it reconnects, nothing is lost.
            expect(await takenBy(await RawSocket.signIn(target.port, `stalled-${index}`), scale)).toEqual(everything);
          });
          for (const client of [...reading, sender]) client.cut();
        },
        { extraBytes: 32 * MIB },
      );
    });
  });

  describe('trickling readers of the engine', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.engine({ maxBufferedBytes: 16 * MIB, slowReaderMs: SLOW_READER_MS });
    });
    afterAll(() => target.stop());

    it('are ended after slowReaderMs, in bounded memory (row 28)', async () => {
      await target.unharmed(
        async () => {
          const baselineBytes = await residentBytes(target.pid);
          const { peakBytes } = await peakDuring(target.pid, () =>
            inParallel(scale.tricklers, scale.tricklers, async () => {
              const peer = await RawSocket.upgrade(target.port, { path: '/' });
              // More than the buffers of the two kernels take.
              peer.send(textFrame(`flood ${12 * MIB}`));
              await trickleUntilEnd(peer, { bytesEach: 50, everyMs: 100 });
              peer.destroy();
            }),
          );
          expect(peakBytes - baselineBytes).toBeLessThan(scale.tricklers * 12 * MIB * 1.2 + 48 * MIB);
        },
        // What zlib and the allocator give back late.
        { extraBytes: 64 * MIB },
      );
    });

    it('are kept while they read enough (row 28)', async () => {
      const peer = await RawSocket.upgrade(target.port, { path: '/' });
      peer.socket.pause();
      peer.send(textFrame(`flood ${12 * MIB}`));
      // Whole buffers now and then: what is seen of it on the other side comes in such steps.
      while (!peer.hasEnded && peer.receivedBytes < 11 * MIB) {
        const before = peer.receivedBytes;
        peer.socket.resume();
        await until(() => peer.hasEnded || peer.receivedBytes >= before + MIB / 2, 'half a megabyte');
        peer.socket.pause();
        await new Promise((resolve) => setTimeout(resolve, SLOW_READER_MS / 5));
      }
      peer.socket.resume();
      await until(() => peer.hasEnded || peer.receivedBytes > 12 * MIB, 'all of it');
      expect(peer.hasEnded).toBe(false);
      expect(peer.frames[0]?.payload.length).toBe(12 * MIB);
      peer.destroy();
    });
  });
}

/** Reads what is due, or until the server ends it; the offsets that came. */
async function takenBy(
  peer: RawSocket,
  { messagesEach, bodyBytes }: Pick<SlowReaderScale, 'messagesEach' | 'bodyBytes'>,
): Promise<readonly number[]> {
  const dueBytes = messagesEach * bodyBytes;
  await until(() => peer.hasEnded || peer.receivedBytes >= dueBytes, 'what was due', 60_000);
  await until(() => peer.hasEnded || offsetsOf(peer).length >= messagesEach, 'all messages', 60_000);
  const offsets = offsetsOf(peer);
  if (peer.hasEnded) expect([4003, 4004, 1006]).toContain(await peer.closeCode());
  peer.destroy();
  return offsets;
}

function offsetsOf(peer: RawSocket): readonly number[] {
  return peer.frames.flatMap(({ opcode, payload }) => {
    const message = opcode === 1 ? (JSON.parse(String(payload)) as { type: string; offset: number }) : undefined;
    return message?.type === 'message' ? [message.offset] : [];
  });
}

/** Reads a few bytes at a time, until the server ends the connection. */
export async function trickleUntilEnd(
  peer: RawSocket,
  { bytesEach, everyMs }: { readonly bytesEach: number; readonly everyMs: number },
): Promise<void> {
  const { socket } = peer;
  socket.removeAllListeners('data');
  socket.pause();
  const timer = setInterval(() => socket.read(bytesEach), everyMs);
  // Reading so little one never comes to the end, which lies behind megabytes; but one cannot write any more.
  const probe = setInterval(() => peer.send(Buffer.from([0x8a, 0x80, 0, 0, 0, 0])), everyMs);
  try {
    await until(() => peer.isClosed || peer.error !== undefined, 'the end of a trickling reader', 30_000);
  } finally {
    clearInterval(timer);
    clearInterval(probe);
  }
}
