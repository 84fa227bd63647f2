// Handshakes that are slow, silent or too many. Rows 1-3 of docs/fault-catalogue.md.

import { inParallel } from '@longwire/test-support/in-parallel';
import { peakDuring, residentBytes } from '@longwire/test-support/process-facts';
import { stretched } from '@longwire/test-support/stretched';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { upgradeRequest } from '../harness/handshake-text.js';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

export interface SlowHandshakeScale {
  /** `limits.handshakeTimeoutMs` and `limits.connectTimeoutMs` of the server. */
  readonly handshakeTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly slowSockets: number;
  readonly silentSockets: number;
  readonly floodAttempts: number;
  readonly maxWaitingPerAddress: number;
}

/** Node looks for late requests once a second (connectionsCheckingInterval); a busy machine is later still. */
const LATENESS_MS = 10_000;
const MIB = 1_048_576;

export function describeSlowAndManyHandshakes(scale: SlowHandshakeScale): void {
  describe('slow, silent and too many handshakes', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.gateway({
        LONGWIRE_LIMITS_HANDSHAKE_TIMEOUT_MS: String(scale.handshakeTimeoutMs),
        LONGWIRE_LIMITS_CONNECT_TIMEOUT_MS: String(scale.connectTimeoutMs),
        LONGWIRE_LIMITS_WAITING_PER_ADDRESS: String(scale.maxWaitingPerAddress),
      });
    });
    afterAll(() => target.stop());

    it('get 408 after limits.handshakeTimeoutMs when headers come byte by byte (row 1)', async () => {
      await target.unharmed(async () => {
        const text = Buffer.from(upgradeRequest(target.port, { lines: [`X-Slow: ${'a'.repeat(2_000)}`] }));
        const peers = Array.from({ length: scale.slowSockets }, () => new RawSocket(target.port));
        let sent = 0;
        const drip = setInterval(() => {
          for (const peer of peers) if (!peer.hasEnded) peer.send(text.subarray(sent, sent + 1));
          sent += 1;
        }, 1_000);
        try {
          await until(
            () => peers.every((peer) => peer.hasEnded),
            'the end of all slow connections',
            scale.handshakeTimeoutMs + LATENESS_MS,
          );
        } finally {
          clearInterval(drip);
        }
        // 408 to those who had begun; a connection that was reset has none, which is as good.
        const answers = peers.map((peer) => peer.received.toString('latin1').slice(0, 12));
        expect(answers.filter((answer) => answer !== '' && answer !== 'HTTP/1.1 408')).toEqual([]);
        for (const peer of peers) peer.destroy();
      });
    });

    it('are dropped after limits.handshakeTimeoutMs when no byte comes (row 1)', async () => {
      await target.unharmed(async () => {
        const peers = Array.from({ length: Math.ceil(scale.slowSockets / 4) }, () => new RawSocket(target.port));
        await until(
          () => peers.every((peer) => peer.hasEnded),
          'the end of all silent connections',
          scale.handshakeTimeoutMs + LATENESS_MS,
        );
        for (const peer of peers) peer.destroy();
      });
    });

    it('are closed with 4007 after limits.connectTimeoutMs without connect (row 2)', async () => {
      await target.unharmed(async () => {
        const codes: number[] = [];
        await inParallel(scale.silentSockets, scale.silentSockets, async (index) => {
          // From many addresses: one of them alone would be made to wait.
          const peer = await RawSocket.upgrade(target.port, { localAddress: `127.0.1.${1 + (index % 200)}` });
          codes.push(await peer.closeCode(scale.connectTimeoutMs + LATENESS_MS));
          peer.destroy();
        });
        expect(codes).toEqual(Array.from({ length: scale.silentSockets }, () => 4007));
      });
    });

    it('get 429 with Retry-After beyond limits.waitingPerAddress, while another address signs in (row 3)', async () => {
      await target.unharmed(async () => {
        const baselineBytes = await residentBytes(target.pid);
        const peers: RawSocket[] = [];
        const statuses = new Map<number, number>();
        const retryAfter = new Set<string | undefined>();
        const { peakBytes } = await peakDuring(target.pid, async () => {
          await inParallel(scale.floodAttempts, 200, async () => {
            const peer = new RawSocket(target.port, { localAddress: '127.0.0.3' });
            peer.send(upgradeRequest(target.port));
            const { status, headers } = await peer.answer();
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
            if (status === 101) peers.push(peer);
            else {
              retryAfter.add(headers.get('retry-after'));
              peer.destroy();
            }
          });
        });
        const startedAt = performance.now();
        const other = await WireClient.open(target.url, { localAddress: '127.0.0.4' });
        const answer = await other.ask({ type: 'connect', token: 'dev:newcomer' });
        const tookMs = performance.now() - startedAt;
        other.cut();
        for (const peer of peers) peer.destroy();

        expect([...statuses.keys()].sort()).toEqual([101, 429]);
        // Those whose time to sign in ran out during the flood made room for others.
        expect(statuses.get(101)).toBeGreaterThanOrEqual(scale.maxWaitingPerAddress);
        expect([...retryAfter]).toEqual(['2']);
        expect(answer.type).toBe('connected');
        expect(tookMs).toBeLessThan(stretched(1_000));
        expect(peakBytes - baselineBytes).toBeLessThan(50 * MIB);
      });
    });

    it('are accepted again once connections of that address have ended (row 3)', async () => {
      await until(async () => {
        const peer = new RawSocket(target.port, { localAddress: '127.0.0.3' });
        peer.send(upgradeRequest(target.port));
        const { status } = await peer.answer();
        peer.destroy();
        return status === 101;
      }, 'a place for the address that flooded');
    });
  });
}
