// Connections that never sign in: silent before the upgrade and after it, with bad credentials, as fast as they come.

import { inParallel } from '@longwire/test-support/in-parallel';
import { openDescriptors } from '@longwire/test-support/process-facts';
import { ServerProcess } from '@longwire/test-support/server-process';
import { stretched } from '@longwire/test-support/stretched';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { upgradeRequest } from '../harness/handshake-text.js';
import { RawSocket, type RawUpgradeOptions } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

export interface ConnectionFloodScale {
  /** Connections of each flood. */
  readonly connections: number;
}

/** Of the process: with the usual limit of a shell. */
const DESCRIPTORS = 1_024;
const CONNECTIONS_PER_ADDRESS = 200;
const WAITING_PER_ADDRESS = 100;
const HANDSHAKE_BURST = 100;
const HANDSHAKES_PER_SECOND = 50;
/** How long another client may take to sign in meanwhile. */
const MAX_SIGN_IN_MS = 1_000;

export function describeConnectionFloods({ connections }: ConnectionFloodScale): void {
  describe(`${connections} connections that do not sign in`, () => {
    let target: Target;

    beforeAll(async () => {
      const command = ['sh', '-c', `ulimit -n ${DESCRIPTORS}; exec "$0" "$@"`, process.execPath];
      // Neither limit of time ends them while the test runs.
      target = await Target.gateway(
        {
          LONGWIRE_LIMITS_HANDSHAKE_TIMEOUT_MS: '60000',
          LONGWIRE_LIMITS_CONNECT_TIMEOUT_MS: '60000',
          LONGWIRE_LIMITS_CONNECTIONS_PER_ADDRESS: String(CONNECTIONS_PER_ADDRESS),
          LONGWIRE_LIMITS_WAITING_PER_ADDRESS: String(WAITING_PER_ADDRESS),
          LONGWIRE_LIMITS_HANDSHAKES_PER_SECOND: String(HANDSHAKES_PER_SECOND),
        },
        command,
      );
    });
    afterAll(() => target.stop());

    it('from one address: limits.connectionsPerAddress stay open, the others are closed (row 76)', async () => {
      await target.unharmed(async () => {
        const peers = await openSilently(target.port, connections, () => '127.0.3.1');
        await expectOpen(peers, CONNECTIONS_PER_ADDRESS);
        expect(await signInMs(target.url, '127.0.3.2')).toBeLessThan(stretched(MAX_SIGN_IN_MS));
        for (const peer of peers) peer.destroy();
      });
    });

    it('from many addresses: the longest silent are closed, so that others come in (row 76)', async () => {
      await target.unharmed(async () => {
        const peers = await openSilently(target.port, connections, (index) => `127.0.4.${1 + (index % 250)}`);
        await until(() => peers.some(({ hasEnded }) => hasEnded), 'a connection that is closed');
        expect(await openDescriptors(target.pid)).toBeLessThan(DESCRIPTORS / 2);
        for (let n = 0; n < 20; n++) {
          expect(await signInMs(target.url, '127.0.5.1')).toBeLessThan(stretched(MAX_SIGN_IN_MS));
        }
        for (const peer of peers) peer.destroy();
      });
    });

    it('after two tokens in the handshake, the Close unanswered, count in limits.waitingPerAddress (row 76)', async () => {
      await target.unharmed(async () => {
        const lines = ['Sec-WebSocket-Protocol: longwire.v1.json, bearer.one, bearer.two'];
        const options = { localAddress: '127.0.6.1', lines };
        const { statuses, mostOpen } = await upgradeAll(target.port, 2 * WAITING_PER_ADDRESS, options);
        // Those whose closing timeout ran out meanwhile made room for others.
        expect(mostOpen).toBeLessThanOrEqual(WAITING_PER_ADDRESS);
        expect(statuses.get(429)).toBeGreaterThan(0);
        expect(await signInMs(target.url, '127.0.6.2')).toBeLessThan(stretched(MAX_SIGN_IN_MS));
      });
    });

    it('as handshakes that are given up at once get 429 beyond limits.handshakesPerSecond (row 76)', async () => {
      await target.unharmed(async () => {
        let accepted = 0;
        const retryAfter = new Set<string | undefined>();
        const startedAt = performance.now();
        await inParallel(connections, 20, async () => {
          const peer = new RawSocket(target.port, { localAddress: '127.0.7.1' });
          peer.send(upgradeRequest(target.port));
          const { status, headers } = await peer.answer();
          if (status === 101) accepted += 1;
          else retryAfter.add(headers.get('retry-after'));
          peer.destroy();
        });
        const seconds = (performance.now() - startedAt) / 1_000;
        expect(accepted).toBeLessThanOrEqual(HANDSHAKE_BURST + HANDSHAKES_PER_SECOND * seconds + 1);
        expect([...retryAfter]).toEqual(['1']);
        expect(await signInMs(target.url, '127.0.7.2')).toBeLessThan(stretched(MAX_SIGN_IN_MS));
      });
    });
  });

  describe('handshakes through a proxy', () => {
    let server: ServerProcess;

    beforeAll(async () => {
      server = await ServerProcess.start({
        LONGWIRE_AUTH: 'jwt',
        LONGWIRE_JWT_SECRET: 'a secret of more than thirty-two bytes',
        LONGWIRE_TRUSTED_PROXIES: '127.0.0.1',
        // It ends none of them while the test runs.
        LONGWIRE_LIMITS_CONNECT_TIMEOUT_MS: '60000',
      });
    });
    afterAll(() => server.remove());

    it('count for the address that trustedProxies say, and for the peer without them (row 76)', async () => {
      const from = (address: string): RawUpgradeOptions => ({ lines: [`X-Forwarded-For: ${address}`] });
      const flood = await upgradeAll(server.port, 2 * WAITING_PER_ADDRESS, from('198.51.100.1'), { keep: true });
      expect(flood.statuses.get(101)).toBe(WAITING_PER_ADDRESS);
      const other = await upgradeAll(server.port, 10, from('198.51.100.2'));
      expect(other.statuses.get(101)).toBe(10);
      // A peer that is not a trusted proxy is not believed.
      const liar = { localAddress: '127.0.8.1' };
      for (let n = 0; n < 2; n++) {
        const claimed = await upgradeAll(
          server.port,
          WAITING_PER_ADDRESS,
          { ...liar, ...from(`203.0.113.${n}`) },
          { keep: true },
        );
        expect(claimed.statuses.get(101) ?? 0).toBe(n === 0 ? WAITING_PER_ADDRESS : 0);
      }
    });
  });
}

/** Connections on which nothing is sent. */
async function openSilently(port: number, count: number, addressOf: (index: number) => string): Promise<RawSocket[]> {
  const peers: RawSocket[] = [];
  await inParallel(count, 50, async (index) => {
    const peer = new RawSocket(port, { localAddress: addressOf(index) });
    peers[index] = peer;
    await until(() => peer.isConnected || peer.hasEnded, 'a connection');
  });
  return peers;
}

/** Resolves when the server has closed all but `count`, and not one more. */
async function expectOpen(peers: readonly RawSocket[], count: number): Promise<void> {
  const open = () => peers.filter(({ hasEnded }) => !hasEnded).length;
  await until(
    () => open() <= count,
    () => `at most ${count} open connections, not ${open()}`,
  );
  expect(open()).toBe(count);
}

/** Upgrades that stay open for as long as this runs: what they were answered with, and how many were open at one time. */
async function upgradeAll(
  port: number,
  count: number,
  options: RawUpgradeOptions,
  { keep = false }: { readonly keep?: boolean } = {},
): Promise<{ readonly statuses: ReadonlyMap<number, number>; readonly mostOpen: number }> {
  const statuses = new Map<number, number>();
  const peers: RawSocket[] = [];
  const accepted: RawSocket[] = [];
  let mostOpen = 0;
  // One after the other, so that the rate of handshakes is not what refuses them.
  await inParallel(count, 1, async () => {
    const peer = new RawSocket(port, options);
    peers.push(peer);
    peer.send(upgradeRequest(port, { lines: options.lines }));
    const { status } = await peer.answer();
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status === 101) accepted.push(peer);
    mostOpen = Math.max(mostOpen, accepted.filter(({ hasEnded }) => !hasEnded).length);
    await new Promise((resolve) => setTimeout(resolve, 1_000 / HANDSHAKES_PER_SECOND / 2));
  });
  if (!keep) for (const peer of peers) peer.destroy();
  return { statuses, mostOpen };
}

async function signInMs(url: string, localAddress: string): Promise<number> {
  const startedAt = performance.now();
  const client = await WireClient.open(url, { localAddress });
  const { type } = await client.ask({ type: 'connect', token: 'dev:newcomer' });
  client.cut();
  expect(type).toBe('connected');
  return performance.now() - startedAt;
}
