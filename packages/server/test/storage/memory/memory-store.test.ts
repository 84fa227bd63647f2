import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../../src/storage/memory/memory-store.js';
import { unlimitedQuotas } from '../../../src/storage/quotas.js';
import type { Store } from '../../../src/storage/store.js';
import { append, appendOne, device, direct, FIRST_AT, message, readLog, user } from '../requests.js';
import { describeStoreContract } from '../store-contract.js';
import type { StoreFactory } from '../store-under-test.js';

/** The default. */
const DEVICES_PER_USER = 32;

const create: StoreFactory = async (quotas = unlimitedQuotas) => {
  const store = await openMemoryStore({ maxBytes: 256 * 1_048_576, quotas });
  return { store, restart: undefined, dispose: () => store.close() };
};

describeStoreContract('the memory engine', create);

describe('the memory engine at maxBytes', () => {
  const body = JSON.stringify('x'.repeat(10_000));
  let store: Store;

  beforeEach(async () => {
    store = await openMemoryStore({ maxBytes: 100_000 });
  });
  afterEach(() => store.close());

  function signIn(name: string, id: string) {
    return {
      user: user(name),
      device: device(id),
      mustExist: { user: false, device: false },
      at: FIRST_AT,
      inUse: [],
      unfinished: undefined,
    };
  }

  /** Appends until the store refuses; returns how many were stored. */
  async function fill(): Promise<number> {
    for (let stored = 0; ; stored += 1) {
      try {
        await appendOne(store.log, message('alice', 'bob', { body, key: `k${stored}` }));
      } catch (error) {
        expect(error).toMatchObject({ code: 'storage_full', retryable: true });
        return stored;
      }
    }
  }

  it('refuses appends with storage_full, goes on reading, and knows the keys it has', async () => {
    const stored = await fill();
    expect(stored).toBeGreaterThan(3);
    expect(store.isWritable).toBe(false);
    expect(await readLog(store.log, direct('alice', 'bob'))).toHaveLength(stored);
    const again = await appendOne(store.log, message('alice', 'bob', { body, key: 'k0' }));
    expect(again).toMatchObject({ outcome: 'repeated', offset: 1 });
  });

  it('stores nothing of a batch that does not fit as a whole', async () => {
    const stored = await fill();
    const batch = [message('alice', 'bob', { body: '1' }), message('alice', 'bob', { body })];
    await expect(append(store.log, batch)).rejects.toMatchObject({ code: 'storage_full' });
    expect(await readLog(store.log, direct('alice', 'bob'))).toHaveLength(stored);
    expect(await appendOne(store.log, batch[0]!)).toMatchObject({ outcome: 'stored', offset: stored + 1 });
    expect(store.isWritable).toBe(true);
  });

  it('refuses new users and devices, takes known ones, and reuses the place of a device it forgot', async () => {
    let users = 0;
    const openNext = () => store.directory.openDevice(signIn(`u${users}`, 'phone'));
    await expect(
      (async () => {
        for (;;) {
          await openNext();
          users += 1;
        }
      })(),
    ).rejects.toMatchObject({ code: 'storage_full' });
    expect(users).toBeLessThan(200);
    expect(await store.directory.openDevice(signIn('u0', 'phone'))).toBe('known');
  });

  it('counts a device that was forgotten for a newer one no longer', async () => {
    for (let index = 0; index < 1_000; index += 1) {
      const expected = index < DEVICES_PER_USER ? 'new' : 'maybe-forgotten';
      expect(await store.directory.openDevice(signIn('alice', `d${index}`))).toBe(expected);
    }
  });
});
