// Commands that would hold the storage thread if it did them in one piece: repeats with `since` at the start of a long
// channel, and new devices of a user with a great many channels.

import { inParallel } from '@longwire/test-support/in-parallel';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendsUnharmed } from '../harness/sender-latency.js';
import { Target } from '../harness/target.js';

export interface LongCommandScale {
  /** Entries of the channel that is searched. */
  readonly entries: number;
  /** Repeats at once, each with a key that was never sent. */
  readonly repeats: number;
  /** Channels of the user, each of them read. */
  readonly channels: number;
  /** New devices of the user at once. */
  readonly devices: number;
}

const IN_FLIGHT = 48;
/** Most of it is what has to be stored first. */
const TIMEOUT_MS = 900_000;
/** Fewer than the channel has entries, so that its first ones have to be searched for. */
const KEY_WINDOW = 1_024;

export function describeLongCommands(scale: LongCommandScale): void {
  describe('commands that look at everything', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.gateway({
        ...raisedRates,
        LONGWIRE_LIMITS_KEY_WINDOW: `${KEY_WINDOW}`,
        LONGWIRE_LIMITS_SIGN_INS_PER_USER: `${scale.devices}`,
        LONGWIRE_SESSIONS_PER_USER: `${2 * scale.devices}`,
      });
    });
    afterAll(() => target.stop());

    it('do not make others wait for sent: since at the start of a long channel (row 79)', {
      timeout: TIMEOUT_MS,
    }, async () => {
      const sender = await WireClient.signIn(target.url, 'repeater');
      const send = (body: number, fields: object = {}) =>
        sender.ask({ type: 'send', to: 'user/peer', body, ...fields });
      const { epoch } = await send(0, { key: 'first' });
      await inParallel(scale.entries, IN_FLIGHT, async (index) => {
        expect(await send(index)).toMatchObject({ type: 'sent' });
      });
      await target.unharmed(() =>
        sendsUnharmed(target, async () => {
          const since = { epoch, offset: 0 };
          const repeats = Array.from({ length: scale.repeats }, (_, index) =>
            send(index, { key: `new-${index}`, since }),
          );
          const behind = send(-1);
          // In the order in which they were given, whatever had to be searched.
          const offsets = (await Promise.all([...repeats, behind])).map(({ offset }) => offset);
          expect(offsets).toEqual(offsets.map((_, index) => scale.entries + 2 + index));
          expect(await send(0, { key: 'first', since })).toMatchObject({ type: 'sent', offset: 1, repeated: true });
        }),
      );
      sender.cut();
    });

    it('do not make others wait for sent: new devices of a user with many channels (row 79)', {
      timeout: TIMEOUT_MS,
    }, async () => {
      const owner = await WireClient.signIn(target.url, 'owner');
      await inParallel(scale.channels, IN_FLIGHT, async (index) => {
        const channel = `user/peer-${index}`;
        const { offset } = await owner.ask({ type: 'send', to: channel, body: 1 });
        expect(await owner.ask({ type: 'read', channel, offset })).toMatchObject({ type: 'ok' });
      });
      await target.unharmed(() =>
        sendsUnharmed(target, async () => {
          const devices = Array.from({ length: scale.devices }, (_, index) => `device-${index}`);
          const clients = await Promise.all(
            devices.map((device) => WireClient.signIn(target.url, 'owner', { device })),
          );
          for (const client of clients) {
            expect(client.ofType('connected')).toMatchObject([{ device: 'new' }]);
            client.cut();
          }
        }),
      );
      owner.cut();
    });
  });
}
