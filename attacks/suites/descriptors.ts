// No file descriptors left. Row 34 of docs/fault-catalogue.md.

import { openDescriptors } from '@longwire/test-support/process-facts';
import { stretched } from '@longwire/test-support/stretched';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

const LIMIT = 256;
const RECOVERED_WITHIN_MS = 5_000;

export function describeDescriptorAttack({ connections }: { readonly connections: number }): void {
  describe(`a gateway with ${LIMIT} descriptors`, () => {
    let target: Target;

    beforeAll(async () => {
      const command = ['sh', '-c', `ulimit -n ${LIMIT}; exec "$0" "$@"`, process.execPath];
      target = await Target.gateway({ LONGWIRE_LIMITS_HANDSHAKE_TIMEOUT_MS: '60000' }, command);
    });
    afterAll(() => target.stop());

    it('drops new connections, serves open sessions, logs at most once a second, and recovers (row 34)', async () => {
      await target.unharmed(async () => {
        const [alice, bob] = [await WireClient.signIn(target.url, 'alice'), await WireClient.signIn(target.url, 'bob')];
        const peers = Array.from({ length: connections }, () => new RawSocket(target.port));
        await until(() => peers.some((peer) => peer.hasEnded), 'a connection that is dropped');
        expect(await openDescriptors(target.pid)).toBeLessThanOrEqual(LIMIT);

        // The store needs descriptors too: messages go on being written and delivered.
        for (let n = 0; n < 20; n++) {
          const sent = await alice.ask({ type: 'send', to: 'user/bob', body: n });
          expect(sent.type).toBe('sent');
        }
        expect(await bob.count('message', 20)).toHaveLength(20);

        const complaints = target.served.output.split('\n').filter((line) => line.includes('turned away'));
        expect(complaints.length).toBeGreaterThanOrEqual(1);
        expect(complaints.length).toBeLessThanOrEqual(3);
        for (const peer of peers) peer.destroy();
        const startedAt = performance.now();
        await until(async () => {
          const late = await WireClient.signIn(target.url, 'late').catch(() => undefined);
          late?.cut();
          return late !== undefined;
        }, 'a new session');
        expect(performance.now() - startedAt).toBeLessThan(stretched(RECOVERED_WITHIN_MS));
        alice.cut();
        bob.cut();
      });
    });
  });
}
