// What others can put into a user's `connected`: a great many channels, each with a last message as large as allowed.

import { inParallel } from '@longwire/test-support/in-parallel';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Target } from '../harness/target.js';

export interface LargeListScale {
  /** Users who each wrote one message to the victim. */
  readonly strangers: number;
  readonly bodyBytes: number;
}

const CONNECTED_BYTES = 65_536;
const CONNECTED_CHANNELS = 50;

export function describeLargeLists(scale: LargeListScale): void {
  describe(`a user to whom ${scale.strangers} strangers wrote ${scale.bodyBytes} bytes each`, () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.gateway(raisedRates);
      await inParallel(scale.strangers, 10, async (index) => {
        const stranger = await WireClient.signIn(target.url, `stranger-${index}`);
        const body = 'x'.repeat(scale.bodyBytes);
        const headers = { note: 'y'.repeat(4_000) };
        await stranger.ask({ type: 'send', to: 'user/victim', body, headers });
        stranger.cut();
      });
    }, 120_000);
    afterAll(() => target.stop());

    it('signs in: connected has 50 channels and 64 KiB at most, and more; channels has the rest (row 75)', async () => {
      await target.unharmed(
        async () => {
          const victim = await WireClient.open(target.url);
          const connected = await victim.ask({ type: 'connect', token: 'dev:victim' });
          expect(connected).toMatchObject({ type: 'connected', more: true });
          expect(bytesOf(connected)).toBeLessThanOrEqual(CONNECTED_BYTES);
          const listed = connected['channels'] as { address: string; last: object }[];
          expect(listed.length).toBeLessThanOrEqual(CONNECTED_CHANNELS);
          const { last } = listed[0]!;
          expect(last).toMatchObject({ type: 'message', offset: 1, truncated: true });
          expect(Object.keys(last)).not.toContain('body');
          const addresses = listed.map(({ address }) => address);
          for (let more = true; more; ) {
            const page = await victim.ask({ type: 'channels', after: addresses.at(-1), limit: 200 });
            expect(page.type).toBe('channels');
            addresses.push(...(page['channels'] as { address: string }[]).map(({ address }) => address));
            more = page['more'] as boolean;
          }
          expect(new Set(addresses).size).toBe(scale.strangers);
          expect(addresses.length).toBe(scale.strangers);
          // The messages themselves are due, and come.
          await victim.count('message', Math.min(10, scale.strangers));
          victim.cut();
        },
        { extraBytes: 64 * 1_048_576 },
      );
    });

    it('signs in with 500 cursors of channels that are not its own: ignored has 16 KiB at most (row 75)', async () => {
      const victim = await WireClient.open(target.url);
      const names = Array.from({ length: 500 }, (_, index) => `user/${'z'.repeat(100)}${index}`);
      const cursors = Object.fromEntries(names.map((name) => [name, { epoch: 'none', offset: 1 }]));
      const connected = await victim.ask({ type: 'connect', token: 'dev:victim', cursors });
      expect(bytesOf(connected)).toBeLessThanOrEqual(CONNECTED_BYTES);
      const ignored = connected['ignored'] as string[];
      expect(ignored).toEqual(names.slice(0, ignored.length));
      expect(Buffer.byteLength(JSON.stringify(ignored))).toBeLessThanOrEqual(16_384);
      victim.cut();
    });
  });
}

/** As on the wire, but for white space that JSON.parse lost: there is none. */
function bytesOf(message: WireMessage): number {
  return Buffer.byteLength(JSON.stringify(message));
}
