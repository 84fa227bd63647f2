// What an endpoint container adds to the engine, under attack: hooks that wait, queues, broadcasts, clients. Rows 2, 3, 8,
// 10, 16, 22, 23, 27, 28 and 34 of docs/fault-catalogue.md.

import { inParallel } from '@longwire/test-support/in-parallel';
import { peakDuring, residentBytes } from '@longwire/test-support/process-facts';
import { stretched } from '@longwire/test-support/stretched';
import { until, untilSteady } from '@longwire/test-support/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineProcess } from '../harness/engine-process.js';
import { FIN, frame, Opcode, pingFrame, textFrame } from '../harness/frame-writer.js';
import { upgradeRequest } from '../harness/handshake-text.js';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';
import { raceToClose } from './close-races.js';
import { foreignOrigins, statusOf } from './origins.js';
import { trickleUntilEnd } from './slow-readers.js';

export interface ContainerScale {
  readonly silentSessions: number;
  readonly handshakes: number;
  readonly maxPendingHandshakes: number;
  readonly races: number;
  readonly pongs: number;
  /** To a session whose handler does not end. */
  readonly floodMegabytes: number;
  readonly stalled: number;
  readonly reading: number;
  readonly tricklers: number;
  /** More than the descriptors of the process. */
  readonly connections: number;
}

const MIB = 1_048_576;
const LATENESS_MS = 10_000;
/** What the allocator and V8 take for whatever they do first. */
const SLACK_BYTES = 48 * MIB;
const DESCRIPTORS = 128;
/** Endpoints whose handlers do not end, or do not read. */
const endless = ['/hanging', '/hanging-parts', '/unread'] as const;

export function describeContainerAttacks(scale: ContainerScale): void {
  describe('an endpoint container', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.container({ maxPendingHandshakes: scale.maxPendingHandshakes });
    });
    afterAll(() => target.stop());

    const facts = async (path = '/'): Promise<Record<'opened' | 'closed' | 'unhandled' | 'inRoom', number>> =>
      (await (await fetch(`http://127.0.0.1:${target.port}${path}`)).json()) as never;
    const residentBytesInUse = async (): Promise<number> => {
      await facts('/after-gc');
      return residentBytes(target.pid);
    };

    it('closes a silent session with 1001 after idleTimeoutMs (row 2)', async () => {
      await target.unharmed(async () => {
        const codes = new Set<number>();
        await inParallel(scale.silentSessions, scale.silentSessions, async () => {
          const peer = await RawSocket.upgrade(target.port, { path: '/quiet' });
          codes.add(await peer.closeCode(LATENESS_MS));
          peer.destroy();
        });
        expect([...codes]).toEqual([1001]);
      });
    });

    it('answers 503 beyond maxPendingHandshakes, and 500 when a hook exceeds handshakeTimeoutMs (row 3)', async () => {
      await target.unharmed(async () => {
        const statuses = new Map<number, number>();
        const retryAfter = new Set<string | undefined>();
        const baselineBytes = await residentBytes(target.pid);
        const { peakBytes } = await peakDuring(target.pid, () =>
          inParallel(scale.handshakes, scale.handshakes, async () => {
            const peer = new RawSocket(target.port);
            peer.send(upgradeRequest(target.port, { path: '/guarded' }));
            const { status, headers } = await peer.answer(LATENESS_MS);
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
            if (status === 503) retryAfter.add(headers.get('retry-after'));
            peer.destroy();
          }),
        );
        // Where the attempts take longer than a handshake may, places become free meanwhile.
        expect(statuses.get(500)).toBeGreaterThanOrEqual(scale.maxPendingHandshakes);
        expect([...statuses.keys()].sort()).toEqual([500, 503]);
        expect([...retryAfter]).toEqual(['1']);
        expect(peakBytes - baselineBytes).toBeLessThan(50 * MIB);
        (await RawSocket.upgrade(target.port, { path: '/echo' })).destroy();
      });
    });

    it('answers 403 to a foreign Origin, also with Forwarded and X-Forwarded-Host (rows 8 and 10)', async () => {
      const wrong: string[] = [];
      for (const origin of foreignOrigins(target.port)) {
        for (const claim of [[], ['Forwarded: host=evil.example;for=127.0.0.1'], ['X-Forwarded-Host: evil.example']]) {
          const status = await statusOf(target.port, [`Origin: ${origin}`, ...claim], '/echo');
          if (status !== 403) wrong.push(`${origin} ${claim.join()}: ${status}`);
        }
      }
      expect(wrong).toEqual([]);
      expect(await statusOf(target.port, [`Origin: http://127.0.0.1:${target.port}`], '/echo')).toBe(101);
    });

    it('calls onClose once for each session in close races (row 22)', async () => {
      await target.unharmed(async () => {
        await raceToClose(target, scale.races, '/echo');
        await raceToClose(target, scale.races, '/hanging');
        // All but the canary.
        await until(async () => (await facts()).opened === (await facts()).closed + 1, 'the end of each session');
      });
    });

    it('closes a ping flood with 1008, and reads pongs no faster than onPong handles them (row 23)', async () => {
      await target.unharmed(async () => {
        const flooding = await RawSocket.upgrade(target.port, { path: '/pongs' });
        flooding.send(Buffer.concat(Array.from({ length: 5_000 }, () => pingFrame('x'.repeat(125)))));
        expect([1008, 1006]).toContain(await flooding.closeCode());
        flooding.destroy();

        const peer = await RawSocket.upgrade(target.port, { path: '/pongs' });
        const pong = frame({ first: FIN | Opcode.pong, payload: 'x'.repeat(125) });
        await peer.sendFully(Buffer.concat(Array.from({ length: scale.pongs }, () => pong)));
        peer.send(textFrame('how many?'));
        await until(() => peer.frames.length > 0, 'the answer behind all pongs');
        expect(String(peer.frames[0]?.payload)).toBe(String(scale.pongs));
        peer.destroy();
      });
    });

    it('stops reading from a session whose handler never settles (rows 16 and 27)', async () => {
      await target.unharmed(async () => {
        const baselineBytes = await residentBytesInUse();
        // In frames that come in several pieces, as what is longer than a segment does.
        const flood = Buffer.concat(Array.from({ length: 16 }, () => frame({ payload: 'x'.repeat(65_536) })));
        const { peakBytes } = await peakDuring(target.pid, () =>
          inParallel(endless.length, endless.length, async (index) => {
            const peer = await RawSocket.upgrade(target.port, { path: endless[index]! });
            for (let sent = 0; sent < scale.floodMegabytes; sent++) peer.send(flood);
            await untilSteady(() => peer.socket.writableLength);
            expect(peer.socket.writableLength, endless[index]).toBeGreaterThan((scale.floodMegabytes * MIB) / 4);
            expect(peer.hasEnded).toBe(false);
            peer.reset();
          }),
        );
        expect(peakBytes - baselineBytes).toBeLessThan(SLACK_BYTES);
      });
    });

    it('removes stalled receivers from a Broadcast, each within maxBufferedBytes (row 27)', async () => {
      await target.unharmed(async () => {
        const baselineBytes = await residentBytesInUse();
        const join = (): Promise<RawSocket> => RawSocket.upgrade(target.port, { path: '/room' });
        const stalled = await Promise.all(Array.from({ length: scale.stalled }, join));
        const reading = await Promise.all(Array.from({ length: scale.reading }, join));
        for (const peer of stalled) peer.socket.pause();
        const message = textFrame('x'.repeat(262_144));
        const { peakBytes } = await peakDuring(target.pid, async () => {
          let sent = 0;
          while (sent % 8 !== 0 || (await facts()).inRoom > reading.length) {
            reading[0]!.send(message);
            sent++;
            await until(() => reading.every((peer) => peer.receivedBytes >= sent * 262_144), `message ${sent} for all`);
          }
        });
        expect(peakBytes - baselineBytes).toBeLessThan(scale.stalled * MIB * 1.2 + SLACK_BYTES);
        for (const peer of reading) expect(peer.hasEnded).toBe(false);
        for (const peer of [...stalled, ...reading]) peer.destroy();
      });
    });

    it('ends a reader that takes a few bytes at a time after slowReaderMs (row 28)', async () => {
      await target.unharmed(
        () =>
          inParallel(scale.tricklers, scale.tricklers, async () => {
            const peer = await RawSocket.upgrade(target.port, { path: '/trickle' });
            peer.send(textFrame(String(12 * MIB)));
            await trickleUntilEnd(peer, { bytesEach: 50, everyMs: 50 });
            peer.destroy();
          }),
        { extraBytes: 64 * MIB },
      );
    });

    it('reports only the hooks that timed out to onUnhandledError', async () => {
      expect((await facts()).unhandled).toBeGreaterThanOrEqual(scale.maxPendingHandshakes);
      expect(target.served.output).toBe('');
    });
  });

  describe(`an endpoint container with ${DESCRIPTORS} descriptors`, () => {
    it('serves open sessions, and accepts new ones once descriptors are free (row 34)', async () => {
      const command = ['sh', '-c', `ulimit -n ${DESCRIPTORS}; exec "$0" "$@"`, process.execPath];
      const server = await EngineProcess.startContainer({}, command);
      try {
        const there = await RawSocket.upgrade(server.port, { path: '/echo' });
        const peers = Array.from({ length: scale.connections }, () => new RawSocket(server.port));
        for (const peer of peers) peer.send(upgradeRequest(server.port, { path: '/echo' }));
        await until(() => peers.some(({ hasEnded }) => hasEnded), 'a connection that is dropped');
        there.send(textFrame('still here'));
        await until(() => there.frames.length === 1, 'an answer');
        for (const peer of peers) peer.destroy();
        const startedAt = performance.now();
        await until(async () => {
          const late = await RawSocket.upgrade(server.port, { path: '/echo' }).catch(() => undefined);
          late?.destroy();
          return late !== undefined;
        }, 'a new session');
        expect(performance.now() - startedAt).toBeLessThan(stretched(5_000));
        there.destroy();
        expect({ isRunning: server.isRunning, output: server.output }).toEqual({ isRunning: true, output: '' });
      } finally {
        await server.stop();
      }
    });
  });
}
