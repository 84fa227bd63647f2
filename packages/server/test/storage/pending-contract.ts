// Users who are invited to groups or have asked to join: what every storage engine promises of them, as tests.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PendingChange, PendingState } from '../../src/channel/membership.js';
import { unlimitedQuotas } from '../../src/storage/quotas.js';
import {
  appendOne,
  changeMembers,
  changeOf,
  control,
  entryIn,
  FIRST_AT,
  group,
  joins,
  leaves,
  readFeed,
  user,
  versionOf,
} from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

const [eng, ops, art] = [group('eng'), group('ops'), group('art')];
const pends = (id: string, state: PendingState | undefined, by = 'alice'): PendingChange => {
  return { user: user(id), state, by: user(by) };
};

export function describePendingContract(name: string, create: StoreFactory): void {
  describe(`${name} keeps the contract of pending users`, () => {
    let tested: StoreUnderTest;
    const log = () => tested.store.log;
    beforeEach(async () => {
      tested = await create();
      for (const each of [ops, eng, art]) await changeMembers(log(), each, joins('alice', 'owner'));
    });
    afterEach(() => tested.dispose());

    const change = async (channel: typeof eng, pending: readonly PendingChange[]) =>
      appendOne(log(), control(channel, await versionOf(log(), channel), { pending }));
    const pendingIn = async (channel: typeof eng) =>
      (await log().pending(channel, undefined, 10)).pending.map(({ user: id, state, by }) => `${id} ${state} ${by}`);
    const placesOf = async (id: string) =>
      (await log().pendingOf(user(id), undefined, 10)).places.map(({ channel, state }) => `${channel.key} ${state}`);

    test('a change with `pending` is a row without an entry, which makes a new version and is in the feed', async () => {
      const before = await versionOf(log(), eng);
      const result = await change(eng, [pends('bob', 'invited'), pends('carol', 'requested', 'carol')]);
      const at = FIRST_AT;
      expect(result).toMatchObject({
        outcome: 'controlled',
        change: {
          members: [],
          pending: [
            { user: 'bob', state: 'invited', by: 'alice', at, was: undefined },
            { user: 'carol', state: 'requested', by: 'carol', at, was: undefined },
          ],
        },
      });
      expect(await versionOf(log(), eng)).toBe(result.seq);
      expect(await appendOne(log(), control(eng, before, { pending: [pends('dave', 'invited')] }))).toMatchObject({
        outcome: 'stale',
      });
      const newest = (await readFeed(log())).at(-1);
      expect(newest).toMatchObject({
        seq: result.seq,
        entry: undefined,
        change: { pending: [{ was: undefined }, {}] },
      });
      expect(await pendingIn(eng)).toEqual(['bob invited alice', 'carol requested carol']);
    });

    test('`pending` and `pendingOf` return pages, ascending by the bytes of the ids, after users and groups that need not exist', async () => {
      for (const channel of [ops, eng, art]) await change(channel, [pends('zoë', 'invited'), pends('Bob', 'invited')]);
      await change(eng, [pends('adam', 'requested', 'adam')]);
      const first = await log().pending(eng, undefined, 2);
      expect(first).toMatchObject({ pending: [{ user: 'Bob' }, { user: 'adam' }], next: 'adam' });
      expect(await log().pending(eng, first.next, 2)).toMatchObject({ pending: [{ user: 'zoë' }], next: undefined });
      expect(await log().pending(eng, user('az'), 2)).toMatchObject({ pending: [{ user: 'zoë' }] });
      expect(await log().pending(group('none'), undefined, 2)).toMatchObject({
        pending: [],
        next: undefined,
        version: 0,
      });
      const places = await log().pendingOf(user('Bob'), undefined, 2);
      expect(places.places.map(({ channel }) => channel)).toEqual([art, eng]);
      expect(places.next).toEqual(eng);
      const { places: rest, next } = await log().pendingOf(user('Bob'), group('f'), 2);
      expect({ rest, next }).toEqual({
        rest: [{ channel: ops, user: 'Bob', state: 'invited', by: 'alice', at: FIRST_AT }],
        next: undefined,
      });
      expect(await placesOf('stranger')).toEqual([]);
    });

    test('who joins is pending no longer, and who leaves or is a member does not become so by the way', async () => {
      await change(eng, [pends('bob', 'invited'), pends('carol', 'requested', 'carol')]);
      const accepted = await appendOne(
        log(),
        entryIn(eng, 'bob', {
          kind: 'member',
          rightsVersion: await versionOf(log(), eng),
          change: changeOf({ members: [joins('bob')], pending: [pends('bob', 'invited'), pends('dave', 'invited')] }),
        }),
      );
      expect(accepted).toMatchObject({
        outcome: 'stored',
        change: {
          pending: [
            { user: 'bob', state: undefined, by: 'alice', was: 'invited' },
            { user: 'dave', state: 'invited', was: undefined },
          ],
        },
      });
      expect(await pendingIn(eng)).toEqual(['carol requested carol', 'dave invited alice']);
      expect(await change(eng, [pends('alice', 'requested')])).toMatchObject({ change: { pending: [] } });
      await changeMembers(log(), eng, leaves('bob'));
      expect(await placesOf('bob')).toEqual([]);
    });

    test('a state that is there already stays as it was, and ending it once more changes nothing', async () => {
      await change(eng, [pends('bob', 'invited')]);
      expect(await change(eng, [pends('bob', 'invited', 'carol')])).toMatchObject({ change: { pending: [] } });
      expect(await pendingIn(eng)).toEqual(['bob invited alice']);
      const turned = await change(eng, [
        pends('bob', 'requested', 'bob'),
        pends('bob', undefined),
        pends('bob', undefined),
      ]);
      expect(turned).toMatchObject({
        change: {
          pending: [
            { state: 'requested', was: 'invited' },
            { state: undefined, was: 'requested' },
          ],
        },
      });
      expect(await pendingIn(eng)).toEqual([]);
      expect(await placesOf('bob')).toEqual([]);
    });

    test('above pendingPerUser a user is pending nowhere else: refused in the order of the log, within one batch as well', async () => {
      await tested.dispose();
      tested = await create({ ...unlimitedQuotas, pendingPerUser: 2 });
      for (const each of [ops, eng, art]) await changeMembers(log(), each, joins('alice', 'owner'));
      const versions = await Promise.all([ops, eng, art].map((each) => versionOf(log(), each)));
      const invite = (channel: typeof eng, version: number) =>
        control(channel, version, { pending: [pends('bob', 'invited')] });
      const outcome = await log().append(
        [invite(ops, versions[0]!), invite(eng, versions[1]!), invite(art, versions[2]!)],
        { stamp: 0, isSecondTry: false },
      );
      expect(outcome).toMatchObject({
        results: [{ outcome: 'controlled' }, { outcome: 'controlled' }, { outcome: 'quota', quota: 'pendingPerUser' }],
      });
      expect(await change(eng, [pends('bob', 'requested', 'bob')])).toMatchObject({ outcome: 'controlled' });
      await change(ops, [pends('bob', undefined)]);
      expect(await change(art, [pends('bob', 'invited')])).toMatchObject({ outcome: 'controlled' });
    });

    test('a second try finds its row, with the change as it was applied', async () => {
      const batch = [control(eng, await versionOf(log(), eng), { pending: [pends('bob', 'invited')] })];
      const first = await log().append(batch, { stamp: 100, isSecondTry: false });
      expect(await log().append(batch, { stamp: 100, isSecondTry: true })).toEqual(first);
    });

    test('they are the same after a restart', async () => {
      await change(eng, [pends('bob', 'invited'), pends('carol', 'requested', 'carol')]);
      const store = await tested.restart?.();
      if (store === undefined) return;
      const { pending } = await store.log.pending(eng, undefined, 10);
      expect(pending.map(({ user: id, state }) => `${id} ${state}`)).toEqual(['bob invited', 'carol requested']);
      expect((await store.log.pendingOf(user('bob'), undefined, 10)).places).toHaveLength(1);
    });
  });
}
