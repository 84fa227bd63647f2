import type { DeviceId, UserId } from '@longwire/protocol';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { directChannel } from '../../src/channel/channel.js';
import { ChannelList } from '../../src/messaging/channel-list.js';
import { ChannelPreferences } from '../../src/messaging/channel-preferences.js';
import { CursorCache } from '../../src/messaging/cursor-cache.js';
import { ReceiptPrivacy } from '../../src/messaging/receipt-privacy.js';
import { StoreTurns } from '../../src/messaging/store-turns.js';
import { UserStateCache } from '../../src/messaging/user-state-cache.js';
import { RefusalCounter } from '../../src/runtime/refusal-counter.js';
import type { Directory } from '../../src/storage/directory.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import type { Store } from '../../src/storage/store.js';
import { appendOne, message } from '../storage/requests.js';

const alice = 'alice' as UserId;
const phone = 'phone' as DeviceId;
const CHANNELS = 450;

describe('ChannelList.page', () => {
  let store: Store;
  let clock: ManualClock;
  let list: ChannelList;
  /** Slices of statuses that were read of the store. */
  let slices: number;
  beforeEach(async () => {
    store = await openMemoryStore({ maxBytes: 100_000_000 });
    for (let peer = 0; peer < CHANNELS; peer += 1) await appendOne(store.log, message('alice', `peer-${peer}`));
    slices = 0;
    const directory = new Proxy(store.directory, {
      get(target, name: keyof Directory) {
        if (name === 'channelStatuses') slices += 1;
        const call = target[name].bind(target) as (...args: unknown[]) => unknown;
        if (name !== 'describe') return call;
        // As from another thread: in a later turn of the event loop.
        return (...args: unknown[]) => new Promise((resolve) => setImmediate(resolve)).then(() => call(...args));
      },
    });
    clock = new ManualClock();
    const turns = new StoreTurns(10, new RefusalCounter());
    const cursors = new CursorCache({
      cursors: store.cursors,
      turns,
      clock,
      onMoved: () => undefined,
      onFailure: () => undefined,
    });
    const onFailure = () => undefined;
    const states = new UserStateCache({ states: store.userStates, turns, onFailure });
    const source = { directory, turns, gate: { whenApplied: () => undefined } };
    const privacy = new ReceiptPrivacy(states, onFailure);
    const bus = { signal: () => undefined };
    const parts = { store, turns, bus, clock, refusals: new RefusalCounter() };
    list = new ChannelList(source, { cursors, clock, privacy, preferences: new ChannelPreferences(parts, 10) });
  });
  afterEach(() => store.close());

  const peersOf = (page: Awaited<ReturnType<ChannelList['page']>>) =>
    page?.channels.map(({ channel }) => channel.kind === 'direct' && channel.high);
  const channelOf = (peer: number) => directChannel(alice, `peer-${peer}` as UserId);
  /** Ascending peers were written to, so pages descend. */
  const peersFrom = (newest: number, count: number) => Array.from({ length: count }, (_, n) => `peer-${newest - n}`);

  it('reads all statuses for the first page, and none for those that follow within a minute', async () => {
    const first = await list.page(alice, phone, undefined, 100);
    expect([peersOf(first), first?.more, slices]).toEqual([peersFrom(449, 100), true, 3]);
    let last = 350;
    for (const { limit, more } of [100, 200, 50].map((limit) => ({ limit, more: limit !== 50 }))) {
      const page = await list.page(alice, phone, channelOf(last), limit);
      expect([peersOf(page), page?.more]).toEqual([peersFrom(last - 1, limit), more]);
      last -= limit;
    }
    expect([last, slices]).toEqual([0, 3]);
    await clock.advance(60_001);
    expect(peersOf(await list.page(alice, phone, channelOf(350), 2))).toEqual(peersFrom(349, 2));
    expect(slices).toBe(6);
  });

  it('leaves out no channel that got an entry between two pages', async () => {
    await list.page(alice, phone, undefined, 100);
    await appendOne(store.log, message('peer-349', 'alice'));
    const page = await list.page(alice, phone, channelOf(350), 2);
    expect(peersOf(page)).toEqual(peersFrom(349, 2));
    expect(page?.channels[0]?.unread).toBe(1);
  });

  it('reads all statuses once for pages that are asked for at the same time', async () => {
    const pages = [undefined, channelOf(350), channelOf(250)].map((after) => list.page(alice, phone, after, 100));
    expect((await Promise.all(pages)).map(peersOf)).toEqual([449, 349, 249].map((newest) => peersFrom(newest, 100)));
    expect(slices).toBe(3);
  });

  it('returns pages that are asked for while another one is still being described', async () => {
    const pages: Promise<unknown>[] = [];
    for (let turn = 0; turn < 12; turn += 1) {
      pages.push(list.page(alice, phone, turn % 2 === 0 ? undefined : channelOf(350), 100));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await Promise.all(pages)).filter((page) => page === undefined)).toEqual([]);
  });

  it('returns undefined when after is none of the channels of the user', async () => {
    await list.page(alice, phone, undefined, 100);
    expect(await list.page(alice, phone, directChannel(alice, 'stranger' as UserId), 100)).toBeUndefined();
  });
});
