// Commands that would hold the storage thread if it did them in one piece: repeats with `since` at the start of a long
// channel, and new devices of a user with a great many channels.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserId } from '@longwire/protocol';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directChannel } from '../../packages/server/src/channel/channel.js';
import { openSqliteStore } from '../../packages/server/src/storage/sqlite/sqlite-store.js';
import { append, message } from '../../packages/server/test/storage/requests.js';
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

const BATCH = 1_000;
/** Fewer than the channel has entries, so that its first ones have to be searched for. */
const KEY_WINDOW = 1_024;
const TIMEOUT_MS = 600_000;

export function describeLongCommands(scale: LongCommandScale): void {
  describe('commands that look at everything', () => {
    let folder: string;
    let target: Target;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'longwire-long-commands-'));
      await fill(folder, scale);
      target = await Target.gateway({
        ...raisedRates,
        LONGWIRE_DATA: folder,
        LONGWIRE_LIMITS_KEY_WINDOW: `${KEY_WINDOW}`,
        LONGWIRE_LIMITS_SIGN_INS_PER_USER: `${scale.devices}`,
        LONGWIRE_SESSIONS_PER_USER: `${2 * scale.devices}`,
      });
    }, TIMEOUT_MS);
    afterAll(async () => {
      await target?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it('do not make others wait for sent: since at the start of a long channel (row 79)', {
      timeout: TIMEOUT_MS,
    }, async () => {
      const sender = await WireClient.signIn(target.url, 'repeater');
      const send = { type: 'send', to: 'user/peer', body: 1 };
      const { epoch } = await sender.ask(send);
      const since = { epoch, offset: 0 };
      await target.unharmed(() =>
        sendsUnharmed(target, async () => {
          for (let id = 0; id < scale.repeats; id += 1) sender.say({ ...send, id: `${id}`, key: `new-${id}`, since });
          sender.say({ ...send, id: 'behind' });
          sender.say({ ...send, id: 'known', key: 'k0', since });
          const answers = () => sender.received.filter(({ re }) => typeof re === 'string');
          await until(() => answers().length === scale.repeats + 2, 'all answers', TIMEOUT_MS);
          // In the order in which they were given, whatever had to be searched.
          expect(answers().map(({ offset }) => offset)).toEqual([
            ...Array.from({ length: scale.repeats + 1 }, (_, index) => scale.entries + 2 + index),
            1,
          ]);
        }),
      );
      sender.cut();
    });

    it('do not make others wait for sent: new devices of a user with many channels (row 79)', {
      timeout: TIMEOUT_MS,
    }, async () => {
      await target.unharmed(() =>
        sendsUnharmed(target, async () => {
          const clients = await Promise.all(Array.from({ length: scale.devices }, () => WireClient.open(target.url)));
          for (const [index, client] of clients.entries()) {
            client.say({ id: 1, type: 'connect', token: 'dev:owner', device: `device-${index}` });
          }
          await until(() => clients.every(({ received }) => received.length > 0), 'all answers', TIMEOUT_MS);
          for (const client of clients) {
            expect(client.received[0]).toMatchObject({ type: 'connected', device: 'new' });
            client.cut();
          }
        }),
      );
    });
  });
}

/** What the users have stored before. */
async function fill(folder: string, { entries, channels }: LongCommandScale): Promise<void> {
  const store = await openSqliteStore({ folder });
  for (let start = 0; start < entries; start += BATCH) {
    await append(
      store.log,
      range(start, entries).map((index) => message('repeater', 'peer', { key: `k${index}` })),
    );
  }
  for (let start = 0; start < channels; start += BATCH) {
    const peers = range(start, channels).map((index) => `peer-${index}`);
    await append(
      store.log,
      peers.map((peer) => message(peer, 'owner')),
    );
    const owner = 'owner' as UserId;
    const writes = peers.map((peer) => {
      const channel = directChannel(owner, peer as UserId);
      return { user: owner, channel, read: 1, delivered: 1, devices: new Map() };
    });
    await store.cursors.write(writes, 1);
  }
  await store.close();
}

function range(start: number, end: number): number[] {
  return Array.from({ length: Math.min(BATCH, end - start) }, (_, index) => start + index);
}
