// Sign-ins that cost more than they should: of a user with a great many channels, again and again, cut or kept.

import { inParallel } from '@longwire/test-support/in-parallel';
import { peakDuring, residentBytes } from '@longwire/test-support/process-facts';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textFrame } from '../harness/frame-writer.js';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

export interface SignInScale {
  /** Channels of the user who signs in. */
  readonly channels: number;
  /** Sign-ins of that user, all at once. */
  readonly signIns: number;
}

const MIB = 1_048_576;
const IN_FLIGHT = 48;
/** How long another user may wait for `connected` while the attack goes on. */
const MAX_OTHER_SIGN_IN_MS = 1_000;

export function describeSignIns(scale: SignInScale): void {
  describe(`sign-ins of a user with ${scale.channels} channels`, () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.gateway(raisedRates);
      const owner = await WireClient.signIn(target.url, 'owner');
      await inParallel(scale.channels, IN_FLIGHT, async (index) => {
        await owner.ask({ type: 'send', to: `user/peer-${index}`, body: 1 });
      });
      owner.cut();
      // What the store keeps in memory of a user who was seen is no growth that an attack causes.
      (await WireClient.signIn(target.url, 'owner')).cut();
    }, 180_000);
    afterAll(() => target.stop());

    it('stop when the client is gone: connect, and cut at once, many times (row 72)', async () => {
      await target.unharmed(async () => {
        const baselineBytes = await residentBytes(target.pid);
        const { peakBytes, value } = await peakDuring(target.pid, async () => {
          await inParallel(scale.signIns, 50, async () => {
            const peer = await RawSocket.upgrade(target.port);
            await peer.sendFully(textFrame(connect('owner')));
            peer.reset();
          });
          return signInMs(target, 'somebody');
        });
        report(
          `cut: ${Math.round((peakBytes - baselineBytes) / MIB)} MiB more, another sign-in ${Math.round(value)} ms`,
        );
        expect(value).toBeLessThan(MAX_OTHER_SIGN_IN_MS);
        expect(peakBytes - baselineBytes).toBeLessThan(100 * MIB);
      });
    });

    it('wait for limits.signInsPerUser of the same user, while those of others go on (row 72)', async () => {
      await target.unharmed(async () => {
        const baselineBytes = await residentBytes(target.pid);
        const { peakBytes, value } = await peakDuring(target.pid, async () => {
          const peers: RawSocket[] = [];
          await inParallel(scale.signIns, 50, async (index) => {
            const peer = await RawSocket.upgrade(target.port);
            peers[index] = peer;
            peer.send(textFrame(connect('owner', `device-${index % 20}`)));
          });
          const tookMs = await signInMs(target, 'newcomer');
          await until(
            () => peers.every(({ frames, hasEnded }) => frames.length > 0 || hasEnded),
            'all sign-ins',
            120_000,
          );
          for (const peer of peers) peer.destroy();
          return tookMs;
        });
        report(
          `kept: ${Math.round((peakBytes - baselineBytes) / MIB)} MiB more, another sign-in ${Math.round(value)} ms`,
        );
        expect(value).toBeLessThan(MAX_OTHER_SIGN_IN_MS);
        expect(peakBytes - baselineBytes).toBeLessThan(150 * MIB);
      });
    });
  });
}

function connect(user: string, device = 'phone'): string {
  return JSON.stringify({ id: 1, type: 'connect', token: `dev:${user}`, device });
}

/** How long a user without channels waits for `connected`. */
async function signInMs(target: Target, user: string): Promise<number> {
  const startedAt = performance.now();
  const client = await WireClient.open(target.url, { localAddress: '127.0.0.9' });
  await client.ask({ type: 'connect', token: `dev:${user}` });
  client.cut();
  return performance.now() - startedAt;
}

function report(line: string): void {
  process.stdout.write(`sign-ins ${line}\n`);
}
