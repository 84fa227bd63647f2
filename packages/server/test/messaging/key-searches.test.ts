// Sends that wait until the log was searched for their keys, on a real store whose window of keys is small.

import type { Position, UserId } from '@longwire/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeySearches, type SearchedSend } from '../../src/messaging/key-searches.js';
import { StoreTurns } from '../../src/messaging/store-turns.js';
import { RefusalCounter } from '../../src/runtime/refusal-counter.js';
import { openSqliteStore } from '../../src/storage/sqlite/sqlite-store.js';
import type { Store } from '../../src/storage/store.js';
import { append, direct, message, user } from '../storage/requests.js';
import { makeDataFolder } from '../storage/sqlite/data-folder.js';

const ENTRIES = 600;
const channel = direct('alice', 'bob');

describe('KeySearches.add', () => {
  let store: Store;
  let remove: () => Promise<void>;
  let searches: KeySearches;
  let start: Position;
  const settled: string[] = [];

  beforeEach(async () => {
    const { folder, remove: removeFolder } = await makeDataFolder();
    remove = removeFolder;
    store = await openSqliteStore({ folder, keyWindowEntries: 8 });
    const batch = Array.from({ length: ENTRIES }, (_, index) => message('alice', 'bob', { key: `k${index}` }));
    const [first] = await append(store.log, batch);
    if (first?.outcome !== 'stored') throw new Error('not stored');
    start = { epoch: first.epoch, offset: 0 };
    searches = new KeySearches(store.log, new StoreTurns(100, new RefusalCounter()));
    settled.length = 0;
  });
  afterEach(async () => {
    await store.close();
    await remove();
  });

  /** Resolves when it is settled, with the position or the error. */
  const add = (name: string, send: Partial<SearchedSend> = {}) =>
    new Promise<unknown>((resolve) => {
      const settle = (outcome: unknown) => {
        settled.push(name);
        resolve(outcome);
      };
      const from: UserId = user('alice');
      const about = { channel, from, by: undefined, key: name, since: start, isAbandoned: () => false };
      searches.add({ ...about, onSearched: settle, onFailed: settle, ...send });
    });

  it('passes a position just before the first attempt, or the end of what has to be searched', async () => {
    expect(await add('k300')).toEqual({ ...start, offset: 300 });
    expect(await add('never')).toEqual({ ...start, offset: ENTRIES - 8 });
  });

  it('keeps the order of one sender in a channel, and lets other senders and channels pass', async () => {
    const all = [
      add('first'),
      add('second', { key: undefined, since: undefined }),
      add('third'),
      add('other channel', { channel: direct('alice', 'cat'), key: undefined }),
      add('other sender', { from: user('bob'), key: undefined }),
    ];
    expect(searches.isAtWork(channel, { from: user('alice'), by: undefined })).toBe(true);
    expect(searches.isAtWork(channel, { from: user('cat'), by: undefined })).toBe(false);
    await Promise.all(all);
    expect(settled.filter((name) => !name.startsWith('other'))).toEqual(['first', 'second', 'third']);
    expect(settled.slice(0, 2).toSorted()).toEqual(['other channel', 'other sender']);
    expect(searches.isAtWork(channel, { from: user('alice'), by: undefined })).toBe(false);
  });

  it('fails a send whose client is gone without a search, and the next one is searched', async () => {
    const gone = add('gone', { isAbandoned: () => true, onSearched: () => expect.fail('searched') });
    const next = add('k1');
    expect(await gone).toBeUndefined();
    expect(await next).toEqual({ ...start, offset: 1 });
  });

  it('fails sends with the error of the store', async () => {
    await store.close();
    expect(await add('k1')).toMatchObject({ code: 'closed' });
  });
});
