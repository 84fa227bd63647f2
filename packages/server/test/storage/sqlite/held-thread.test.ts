// What one user may make the storage thread do: no command holds it for long, however much the user has stored.

import type { Position } from '@longwire/protocol';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { channelSlices } from '../../../src/messaging/channel-slices.js';
import { StoreTurns } from '../../../src/messaging/store-turns.js';
import { RefusalCounter } from '../../../src/runtime/refusal-counter.js';
import type { DeviceState, UnfinishedDevice } from '../../../src/storage/directory.js';
import type { MaintenanceStep } from '../../../src/storage/maintenance.js';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import type { Store } from '../../../src/storage/store.js';
import { append, appendOne, device, direct, FIRST_AT, headsOf, message, user } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';

vi.setConfig({ testTimeout: 120_000 });

const CHANNELS = 4_000;
const ENTRIES = 6_000;
const BATCH = 500;
/** Processor time of the writing thread for one command, without the sync. */
const MAX_HOLD_MS = 20;
const KEY_WINDOW = 1_024;

const owner = user('owner');
const long = direct('owner', 'peer');

/** One for each batch: a batch is no single command. */
async function appendAll(store: Store, count: number, request: (index: number) => ReturnType<typeof message>) {
  for (let start = 0; start < count; start += BATCH) {
    await append(
      store.log,
      Array.from({ length: Math.min(BATCH, count - start) }, (_, index) => request(start + index)),
    );
  }
}

describe.each(testedDrivers)('the storage thread (%s) is held for 20 ms at most', (driver) => {
  let folder: string;
  let remove: () => Promise<void>;
  let store: Store;

  beforeAll(async () => {
    ({ folder, remove } = await makeDataFolder());
    const filled = await openSqliteStore({ folder, driver, keyWindowEntries: KEY_WINDOW });
    await appendAll(filled, ENTRIES, (index) => message('owner', 'peer', { key: `k${index}`, body: '"x"' }));
    await appendAll(filled, CHANNELS, (index) => message(`peer-${index}`, 'owner'));
    for (let start = 0; start < CHANNELS; start += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, index) => ({
        user: owner,
        channel: direct(`peer-${start + index}`, 'owner'),
        read: 1,
        delivered: 1,
        devices: new Map(),
      }));
      await filled.cursors.write(batch, FIRST_AT);
    }
    await filled.close();
    store = await openSqliteStore({ folder, driver, keyWindowEntries: KEY_WINDOW, maxHoldMs: MAX_HOLD_MS });
  }, 120_000);
  afterAll(async () => {
    await store.close();
    await remove();
  });

  const step = (id: string, unfinished: UnfinishedDevice | undefined) =>
    store.directory.openDevice({
      user: owner,
      device: device(id),
      mustExist: { user: false, device: false },
      at: FIRST_AT,
      inUse: [],
      unfinished,
    });
  /** All steps of a sign-in, or so many. */
  async function openDevice(id: string, maxSteps = Number.POSITIVE_INFINITY) {
    let unfinished: UnfinishedDevice | undefined;
    for (let steps = 1; ; steps += 1) {
      const outcome = await step(id, unfinished);
      if (typeof outcome === 'string') return { outcome, steps };
      if (steps === maxSteps) return { outcome, steps };
      unfinished = outcome;
    }
  }
  async function cursorsOf(id: string): Promise<number> {
    let cursors = 0;
    const turns = new StoreTurns(10, new RefusalCounter());
    const source = { directory: store.directory, turns, gate: { whenApplied: () => undefined } };
    for await (const slice of channelSlices(source, owner, device(id))) {
      cursors += slice.filter(({ cursor }) => cursor === 1).length;
    }
    return cursors;
  }
  const stateOf = (id: string): Promise<DeviceState> => store.directory.findDevice(owner, device(id));

  test('by cursors.write and load, heads, channelStatuses and describe, of channels that were not read before', async () => {
    const channels = Array.from({ length: CHANNELS }, (_, index) => direct(`peer-${index}`, 'owner'));
    const wanted = (from: number, count: number) =>
      channels.slice(from, from + count).map((channel) => ({ user: owner, channel }));
    // As many at a time as the server asks for.
    await store.cursors.load(wanted(0, 100));
    await store.log.heads(channels.slice(500, 600));
    await store.directory.channelStatuses(owner, device('phone'), 1_000, 200);
    await store.directory.describe(
      owner,
      channels.slice(1_500, 1_550).map((channel) => ({ channel, read: 0 })),
      512,
    );
    const writes = wanted(2_000, 1_000).map((one) => ({ ...one, read: 1, delivered: 1, devices: new Map() }));
    await store.cursors.write(writes, FIRST_AT);
    await store.cursors.write(
      wanted(3_000, 1_000).map((one) => ({ ...one, read: 1, delivered: 1, devices: new Map([[device('x'), 1]]) })),
      FIRST_AT,
    );
  });

  test('by openDevice of a new device, which has all its cursors once it is known', async () => {
    const { outcome, steps } = await openDevice('phone');
    expect(outcome).toBe('new');
    expect(steps).toBeGreaterThan(CHANNELS / 1_000);
    expect(await stateOf('phone')).toBe('known');
    expect(await cursorsOf('phone')).toBe(CHANNELS);
  });

  test('by openDevice of a device that was interrupted: it stays new, and begins anew', async () => {
    const { outcome } = await openDevice('tablet', 3);
    expect(outcome).toMatchObject({ state: 'new' });
    expect(await stateOf('tablet')).toBe('new');
    expect(await cursorsOf('tablet')).toBeLessThan(CHANNELS);
    expect((await openDevice('tablet')).outcome).toBe('new');
    expect(await stateOf('tablet')).toBe('known');
    expect(await cursorsOf('tablet')).toBe(CHANNELS);
  });

  test('by openDevice of one device in two sessions at once: both end, and it has all its cursors', async () => {
    const outcomes = (await Promise.all([openDevice('watch'), openDevice('watch')])).map(({ outcome }) => outcome);
    expect(outcomes.toSorted()).toEqual(['known', 'new']);
    expect(await cursorsOf('watch')).toBe(CHANNELS);
  });

  test('by openDevice that forgets others with all their cursors', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `d${index}`);
    for (const name of names) await openDevice(name);
    const states = await Promise.all(['phone', 'tablet', 'watch', ...names].map(stateOf));
    expect(states.filter((state) => state === 'known')).toHaveLength(32);
    expect(await stateOf('phone')).toBe('maybe-forgotten');
    // One that comes back while it is forgotten begins anew.
    const forgotten = names.find((_, index) => states[3 + index] === 'maybe-forgotten')!;
    const known = names.filter((_, index) => states[3 + index] === 'known');
    expect((await openDevice('another', 2)).outcome).toMatchObject({ state: 'maybe-forgotten' });
    const half = (await Promise.all(known.map(async (name) => ({ name, state: await stateOf(name) })))).find(
      ({ state }) => state !== 'known',
    )!;
    expect((await openDevice(half.name)).outcome).toBe('maybe-forgotten');
    expect(await cursorsOf(half.name)).toBe(CHANNELS);
    expect(await stateOf(forgotten)).toBe('maybe-forgotten');
  });

  test('by maintain, whose steps take turns with appends', async () => {
    const steps: MaintenanceStep[] = [
      { kind: 'remove', channel: long, offsets: Array.from({ length: 1_000 }, (_, n) => n + 1), reason: 'removed' },
      { kind: 'trim', channel: direct('peer-1', 'owner'), through: 1, after: undefined },
      { kind: 'erase', user: user('peer'), after: undefined },
      { kind: 'expire', now: FIRST_AT },
    ];
    for (const first of steps) {
      let next = first;
      for (;;) {
        const [progress] = await Promise.all([
          store.log.maintain(next),
          appendOne(store.log, message('other', 'another')),
        ]);
        if (progress.isDone) break;
        next = progress.next;
      }
    }
    const page = { channel: long, direction: 'after', offset: 0, limit: 1, maxBytes: 1_000 } as const;
    expect((await store.log.page(page)).items).toEqual([{ from: 1, to: 1, reason: 'removed' }]);
  });

  test('by append with since at the start of a long log: it answers unsearched, and after searchKey it finds the key', async () => {
    const [head] = await headsOf(store.log, [long]);
    const first: Position = { epoch: head!.epoch!, offset: 0 };
    const repeat = (key: string, since = first) => appendOne(store.log, message('owner', 'peer', { key, since }));
    const searched = async (key: string) => {
      let part = await store.log.searchKey({
        channel: long,
        from: owner,
        by: undefined,
        key,
        since: first,
        until: undefined,
      });
      let calls = 1;
      for (; part.since.offset < part.until; calls += 1) {
        part = await store.log.searchKey({ channel: long, from: owner, by: undefined, key, ...part });
      }
      return { since: part.since, calls };
    };
    expect(await repeat('k3000')).toMatchObject({ outcome: 'unsearched' });
    const found = await searched('k3000');
    expect(await repeat('k3000', found.since)).toMatchObject({ outcome: 'repeated', offset: 3_001 });
    const missing = await searched('never-sent');
    expect(missing.calls).toBeGreaterThan(ENTRIES / 1_000);
    expect(await repeat('never-sent', missing.since)).toMatchObject({ outcome: 'stored', offset: ENTRIES + 1 });
    // What the window knows needs no search.
    expect(await searched('never-sent')).toMatchObject({ calls: 1 });
    expect(await repeat('never-sent')).toMatchObject({ outcome: 'repeated', offset: ENTRIES + 1 });
  });
});
