// Commands that are cheap to write and make the server look up a great deal.

import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { sendsUnharmed } from '../harness/sender-latency.js';
import { Target } from '../harness/target.js';

export interface StoreCallScale {
  readonly users: number;
  /** Commands of each of them, written at once. */
  readonly commands: number;
}

const MIB = 1_048_576;
/** `fieldLimits.cursors`. */
const CURSORS = 500;

export function describeStoreCalls(scale: StoreCallScale): void {
  describe('many look-ups', () => {
    let target: Target;

    beforeAll(async () => {
      // A bystander may send as fast as the store answers: it is the yardstick, not the attacker.
      target = await Target.gateway({ LONGWIRE_LIMITS_SENDS_PER_SECOND: '1000', LONGWIRE_LIMITS_SEND_BURST: '100000' });
    });
    afterAll(() => target.stop());

    it.each([
      ['ack of 500 channels that nobody ever wrote to', (n: number) => ackOf((index) => `user/nobody-${n}-${index}`)],
      ['ack of the same 500 channels again and again', () => ackOf((index) => `user/nobody-${index}`)],
      ['ack of 500 groups of others', () => ackOf((index) => `group/of-others-${index}`)],
    ])('do not make others wait for sent: %s (row 73)', async (_what, command) => {
      await target.unharmed(
        () =>
          sendsUnharmed(target, async () => {
            const clients = await Promise.all(
              Array.from({ length: scale.users }, (_, user) => WireClient.signIn(target.url, `asker-${user}`)),
            );
            for (let n = 0; n < scale.commands; n++) {
              for (const client of clients) client.say({ id: 100 + n, ...command(n) });
            }
            const hasAll = ({ received }: WireClient) =>
              received.filter(({ re }) => Number(re) >= 100).length === scale.commands;
            await until(() => clients.every(hasAll), 'all answers', 120_000);
            for (const client of clients) client.cut();
          }),
        // What the heap once grew to while all of it was being looked up, and V8 gives back when it likes.
        { extraBytes: 128 * MIB },
      );
    });
  });
}

function ackOf(addressOf: (index: number) => string): object {
  const cursors = Object.fromEntries(Array.from({ length: CURSORS }, (_, index) => [addressOf(index), 1]));
  return { type: 'ack', cursors };
}
