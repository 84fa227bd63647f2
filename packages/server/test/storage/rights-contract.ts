// Rights: the part of the contract about guards, changes, rows without entries, and members.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { announcements, directChannel } from '../../src/channel/channel.js';
import { MAX_MEMBER_CHANGES, MAX_SETTINGS_BYTES } from '../../src/channel/membership.js';
import type { AppendRequest } from '../../src/storage/message-log.js';
import { unlimitedQuotas } from '../../src/storage/quotas.js';
import {
  append,
  appendOne,
  changeMembers,
  changeOf,
  control,
  direct,
  entryIn,
  group,
  headsOf,
  inbox,
  joins,
  leaves,
  message,
  readFeed,
  readLog,
  user,
  versionOf,
} from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

const eng = group('eng');
const pair = direct('alice', 'bob');

export function describeRightsContract(name: string, create: StoreFactory): void {
  describe(`${name} judges appends by the version of the rights`, () => {
    let tested: StoreUnderTest;
    beforeEach(async () => {
      tested = await create();
    });
    afterEach(async () => {
      await tested.dispose();
    });
    const logOf = () => tested.store.log;
    const rightsOf = async (channel = pair) => (await logOf().rights([channel])).rights[0];
    const block = (by: string, isBlocked: boolean, version: number) =>
      control(pair, version, { blocks: [{ by: user(by), isBlocked }] });

    test('rights of a channel that does not exist have version 0, no blocks, no settings and no members', async () => {
      await appendOne(logOf(), message('carol', 'bob'));
      const nothing = { version: 0, isClosed: false, settings: undefined, blocks: { low: false, high: false } };
      expect(await logOf().rights([pair, eng])).toEqual({
        rights: [
          { channel: pair, ...nothing, memberCount: 0 },
          { channel: eng, ...nothing, memberCount: 0 },
        ],
        through: new Map([[0, 1]]),
      });
    });

    test('a block is a row without an offset: `controlled`, and its number is the version', async () => {
      const results = await append(logOf(), [message('alice', 'bob'), block('bob', true, 0)], 1_024);
      const change = changeOf({ blocks: [{ by: user('bob'), isBlocked: true }] });
      expect(results[1]).toEqual({ outcome: 'controlled', seq: 2, change });
      expect(await rightsOf()).toMatchObject({ version: 2, blocks: { low: false, high: true }, isClosed: false });
      expect(await headsOf(logOf(), [pair])).toMatchObject([{ head: 1 }]);
      const rows = await readFeed(logOf());
      expect(rows[1]).toEqual({ seq: 2, stamp: 1_025, channel: pair, entry: undefined, change });
      expect(rows[0]).toMatchObject({ channel: pair, change: undefined });
    });

    test('a block of a pair that never wrote is stored, and is no entry', async () => {
      expect(await appendOne(logOf(), block('alice', true, 0))).toMatchObject({ outcome: 'controlled', seq: 1 });
      expect(await rightsOf()).toMatchObject({ version: 1, blocks: { low: true, high: false } });
      expect(await headsOf(logOf(), [pair])).toMatchObject([{ head: 0, epoch: undefined }]);
      expect(await appendOne(logOf(), message('alice', 'bob', { rightsVersion: 1 }))).toMatchObject({ offset: 1 });
    });

    test('blockedUsers pages the users whom a user blocks, in the order in which their channels began', async () => {
      const withMia = (other: string) => directChannel(user('mia'), user(other));
      const set = (by: string, other: string, rightsVersion: number, isBlocked = true) =>
        control(withMia(other), rightsVersion, { blocks: [{ by: user(by), isBlocked }] });
      // Of a pair, either user may be the first.
      await append(
        logOf(),
        ['zoe', 'bob', 'amy', 'dan'].map((other) => set('mia', other, 0)),
      );
      await append(logOf(), [set('eve', 'eve', 0), set('mia', 'fay', 0)]);
      const page = (after: string | undefined, limit = 2) =>
        logOf().blockedUsers(user('mia'), after === undefined ? undefined : withMia(after), limit);
      expect(await page(undefined)).toEqual({ users: ['zoe', 'bob'], more: true });
      expect(await page('bob')).toEqual({ users: ['amy', 'dan'], more: true });
      expect(await page('dan')).toEqual({ users: ['fay'], more: false });
      await append(logOf(), [set('mia', 'bob', 2, false)]);
      expect(await page('bob')).toEqual({ users: ['amy', 'dan'], more: true });
      expect(await page(undefined, 200)).toEqual({ users: ['zoe', 'amy', 'dan', 'fay'], more: false });
      expect(await page('stranger')).toBeUndefined();
      expect(await logOf().blockedUsers(user('eve'), undefined, 2)).toEqual({ users: ['mia'], more: false });
      expect(await logOf().blockedUsers(user('stranger'), undefined, 2)).toEqual({ users: [], more: false });
    });

    test('a pair that began with a block is a new peer of who writes first', async () => {
      await tested.dispose();
      tested = await create({ ...unlimitedQuotas, newPeersPerHour: 1 });
      await append(logOf(), [block('alice', true, 0), message('alice', 'carol')]);
      expect(await appendOne(logOf(), message('alice', 'bob', { rightsVersion: 1 }))).toMatchObject({
        outcome: 'quota',
        quota: 'newPeersPerHour',
      });
      expect(await appendOne(logOf(), message('bob', 'alice', { rightsVersion: 1 }))).toMatchObject({ offset: 1 });
      expect(await appendOne(logOf(), message('bob', 'carol'))).toMatchObject({ outcome: 'quota' });
    });

    test('an append that names another version is `stale` with the stored one, and stores nothing', async () => {
      await appendOne(logOf(), block('bob', true, 0));
      const results = await append(logOf(), [
        message('alice', 'bob'),
        message('alice', 'bob', { rightsVersion: 1 }),
        message('alice', 'bob', { rightsVersion: 'any' }),
        message('alice', 'carol', { rightsVersion: 7 }),
      ]);
      expect(results).toMatchObject([
        { outcome: 'stale', seq: 1, rightsVersion: 1 },
        { outcome: 'stored', offset: 1 },
        { outcome: 'stored', offset: 2 },
        { outcome: 'stale', rightsVersion: 0 },
      ]);
      expect(await headsOf(logOf(), [direct('alice', 'carol')])).toMatchObject([{ head: 0, epoch: undefined }]);
    });

    test('within one batch what follows a change is judged by the new version', async () => {
      const results = await append(logOf(), [
        message('alice', 'bob'),
        block('bob', true, 0),
        message('alice', 'bob', { key: 'k' }),
        block('alice', true, 0),
        block('bob', false, 2),
        message('alice', 'bob', { rightsVersion: 5 }),
      ]);
      expect(results).toMatchObject([
        { outcome: 'stored', seq: 1 },
        { outcome: 'controlled', seq: 2 },
        { outcome: 'stale', seq: 2, rightsVersion: 2 },
        { outcome: 'stale', seq: 2, rightsVersion: 2 },
        { outcome: 'controlled', seq: 3 },
        { outcome: 'stale', seq: 3, rightsVersion: 3 },
      ]);
      expect(await rightsOf()).toMatchObject({ version: 3, blocks: { low: false, high: false } });
    });

    test('a known key is `repeated` whatever the rights are, and refused goes before stale', async () => {
      await append(logOf(), [message('alice', 'bob', { key: 'k' }), block('bob', true, 0)]);
      const results = await append(logOf(), [
        message('alice', 'bob', { key: 'k' }),
        message('alice', 'bob', { key: 'k', isRefused: true, rightsVersion: 9 }),
        message('alice', 'bob', { key: 'other', isRefused: true }),
        message('bob', 'alice', { key: 'k' }),
        control(pair, 2, { closes: true }),
        message('alice', 'bob', { key: 'k' }),
      ]);
      expect(results).toMatchObject([
        { outcome: 'repeated', offset: 1 },
        { outcome: 'repeated', offset: 1 },
        { outcome: 'refused' },
        { outcome: 'stale' },
        { outcome: 'controlled' },
        { outcome: 'repeated', offset: 1 },
      ]);
    });

    test('unknown users in mustExist are looked for after the version', async () => {
      const mustExist = [user('ghost')];
      expect(await append(logOf(), [message('alice', 'ghost', { mustExist, rightsVersion: 3 })])).toMatchObject([
        { outcome: 'stale' },
      ]);
      expect(await append(logOf(), [message('alice', 'ghost', { mustExist })])).toMatchObject([
        { outcome: 'unknown-user' },
      ]);
    });

    test('a closed channel takes nothing more, with rightsVersion `any` neither', async () => {
      const version = await changeMembers(logOf(), eng, joins('alice'));
      const closing = await appendOne(logOf(), control(eng, version, { closes: true }));
      const results = await append(logOf(), [
        entryIn(eng, 'alice', { rightsVersion: closing.seq }),
        entryIn(eng, undefined, { by: 'crm', rightsVersion: 'any' }),
        control(eng, closing.seq, { settings: '{}' }),
      ]);
      expect(results.map(({ outcome }) => outcome)).toEqual(['stale', 'stale', 'stale']);
      expect(await rightsOf(eng)).toMatchObject({ isClosed: true, version: closing.seq });
    });

    test('settings are kept as text until a change has others', async () => {
      const version = await changeMembers(logOf(), eng, joins('alice'));
      const given = await appendOne(logOf(), control(eng, version, { settings: '{"posting":"admins"}' }));
      await changeMembers(logOf(), eng, joins('bob'));
      expect(await rightsOf(eng)).toMatchObject({ settings: '{"posting":"admins"}', memberCount: 2 });
      expect(await appendOne(logOf(), control(eng, given.seq + 1, { settings: '{}' }))).toMatchObject({
        outcome: 'controlled',
        change: { settings: '{}', members: [] },
      });
      expect(await rightsOf(eng)).toMatchObject({ settings: '{}' });
    });

    test('a group begins with a join; before it every append is `stale` with version 0', async () => {
      const results = await append(logOf(), [
        entryIn(eng, 'alice'),
        entryIn(eng, undefined, { by: 'crm', rightsVersion: 'any' }),
        control(eng, 0, { settings: '{}' }),
        entryIn(eng, 'alice', { kind: 'member', change: changeOf({ members: [joins('alice', 'owner')] }) }),
      ]);
      expect(results).toMatchObject([
        { outcome: 'stale', rightsVersion: 0 },
        { outcome: 'stale', rightsVersion: 0 },
        { outcome: 'stale', rightsVersion: 0 },
        { outcome: 'stored', offset: 1, seq: 1, messages: 0 },
      ]);
      expect(await versionOf(logOf(), eng)).toBe(1);
    });

    test('a change is applied with its entry, and returned by append and by feed with the offsets of the members', async () => {
      const first = entryIn(eng, 'alice', {
        kind: 'member',
        change: changeOf({ members: [joins('alice', 'owner'), joins('bob', 'member', 'start')], settings: '{"a":1}' }),
      });
      const stay = { joined: 1, left: undefined, dueFrom: 1, visibleFrom: 1 };
      const applied = {
        members: [
          { user: 'alice', role: 'owner', ...stay },
          { user: 'bob', role: 'member', ...stay },
        ],
        pending: [],
        settings: '{"a":1}',
        blocks: [],
        closes: false,
      };
      expect(await appendOne(logOf(), first)).toMatchObject({ outcome: 'stored', change: applied });
      await append(logOf(), [entryIn(eng, 'bob', { rightsVersion: 1 })]);
      const second = entryIn(eng, 'alice', {
        kind: 'member',
        rightsVersion: 1,
        change: changeOf({
          members: [
            joins('carol', 'member', 'start'),
            joins('dave'),
            leaves('bob'),
            { type: 'role', user: user('alice'), role: 'admin' },
            // What changes nothing.
            joins('dave'),
            leaves('eve'),
            { type: 'role', user: user('eve'), role: 'admin' },
          ],
        }),
      });
      const changed = {
        members: [
          { user: 'carol', role: 'member', joined: 3, left: undefined, dueFrom: 3, visibleFrom: 1 },
          { user: 'dave', role: 'member', joined: 3, left: undefined, dueFrom: 3, visibleFrom: 3 },
          { user: 'bob', role: 'member', ...stay, left: 3 },
          { user: 'alice', role: 'admin', ...stay },
        ],
        pending: [],
        settings: undefined,
        blocks: [],
        closes: false,
      };
      const result = await appendOne(logOf(), second);
      expect(result).toMatchObject({ outcome: 'stored', offset: 3, seq: 3, change: changed });
      const rows = await readFeed(logOf());
      expect(rows.map(({ change }) => change)).toEqual([applied, undefined, changed]);
      expect(rows.map(({ entry }) => entry)).toEqual(await readLog(logOf(), eng));
    });

    test('a second try of a change returns the result of the first one', async () => {
      const batch: AppendRequest[] = [
        entryIn(eng, 'alice', { kind: 'member', change: changeOf({ members: [joins('alice')] }) }),
        block('bob', true, 0),
        entryIn(eng, 'alice', { rightsVersion: 1 }),
      ];
      const first = await append(logOf(), batch, 2_048);
      const again = await logOf().append(batch, { stamp: 2_048, isSecondTry: true });
      expect(again).toMatchObject({ outcome: 'done', results: first });
      expect(await readFeed(logOf())).toHaveLength(3);
    });

    test('members lists who is in a group, ascending by the bytes of their ids, in pages of `limit`', async () => {
      await changeMembers(logOf(), eng, joins('b'), joins('😀'), joins('B'), joins('ﬀ'), joins('a'), joins('gone'));
      const version = await changeMembers(logOf(), eng, leaves('gone'), joins('ab', 'admin', 'start'));
      const first = await logOf().members(eng, undefined, 4);
      expect(first.members.map((member) => member.user)).toEqual(['B', 'a', 'ab', 'b']);
      expect(first.members[2]).toEqual({
        user: 'ab',
        role: 'admin',
        joined: 2,
        left: undefined,
        dueFrom: 2,
        visibleFrom: 1,
      });
      expect(first).toMatchObject({ next: 'b', version, through: new Map([[0, 2]]) });
      const rest = await logOf().members(eng, first.next, 4);
      expect(rest.members.map((member) => member.user)).toEqual(['ﬀ', '😀']);
      expect(rest.next).toBeUndefined();
      expect(await rightsOf(eng)).toMatchObject({ memberCount: 6 });
      expect(await logOf().members(pair, undefined, 10)).toMatchObject({ members: [], next: undefined });
    });

    test('stays returns every interval of a user in groups, ascending, and none for other channels', async () => {
      await changeMembers(logOf(), eng, joins('alice', 'owner'), joins('bob', 'member', 'start'));
      await changeMembers(logOf(), eng, leaves('bob'));
      await append(logOf(), [entryIn(eng, 'alice', { rightsVersion: 2 }), message('alice', 'bob')]);
      await changeMembers(logOf(), eng, joins('bob', 'admin'));
      // What changes says where the stay before ended, to readers that need to know where to go on.
      const { change } = (await readFeed(logOf())).at(-1)!;
      const again = { joined: 4, left: undefined, role: 'admin', dueFrom: 4, visibleFrom: 4 };
      expect(change?.members).toEqual([{ user: 'bob', ...again, leftBefore: 2 }]);
      expect(await logOf().stays(user('bob'), [pair, eng, group('other')])).toEqual([
        [],
        [
          { joined: 1, left: 2, role: 'member', dueFrom: 1, visibleFrom: 1 },
          { joined: 4, left: undefined, role: 'admin', dueFrom: 4, visibleFrom: 4 },
        ],
        [],
      ]);
    });

    test('keys of an application belong to it, also where a user has the same id', async () => {
      const to = inbox('alice');
      const results = await append(logOf(), [
        entryIn(to, undefined, { by: 'crm', key: 'k' }),
        entryIn(to, undefined, { by: 'crm', key: 'k' }),
        entryIn(to, undefined, { by: 'shop', key: 'k' }),
        entryIn(pair, undefined, { by: 'alice', key: 'k' }),
        entryIn(pair, 'alice', { key: 'k' }),
      ]);
      expect(results.map(({ outcome }) => outcome)).toEqual(['stored', 'repeated', 'stored', 'stored', 'stored']);
    });

    test('kind, from, by, target and expiresAt come back from page and feed, and only messages are counted', async () => {
      const requests = [
        entryIn(announcements, undefined, { by: 'crm', expiresAt: 1_790_000_600_000 }),
        entryIn(announcements, undefined, { by: 'crm', kind: 'retract', target: 1 }),
        entryIn(announcements, undefined, { kind: 'a.b-c_d9' }),
        entryIn(announcements, 'alice'),
      ];
      const results = await append(logOf(), requests);
      const log = await readLog(logOf(), announcements);
      expect(log).toMatchObject(requests.map(({ content }) => content!));
      expect(log.map(({ messages }) => messages)).toEqual([1, 1, 1, 2]);
      expect(results).toMatchObject([{ messages: 1 }, { messages: 1 }, { messages: 1 }, { messages: 2 }]);
      expect((await readFeed(logOf())).map(({ entry }) => entry)).toEqual(log);
    });

    test('what no engine can store is refused with TypeError, and nothing of its batch is stored', async () => {
      const impossible: readonly AppendRequest[] = [
        { ...message('alice', 'bob'), content: undefined },
        entryIn(pair, 'alice', { kind: 'Message' }),
        entryIn(pair, 'alice', { kind: 'x'.repeat(33) }),
        entryIn(pair, 'alice', { by: 'crm' }),
        entryIn(pair, 'eve'),
        entryIn(eng, 'alice', { change: changeOf({ members: [joins('alice')] }), rightsVersion: 'any' }),
        entryIn(pair, 'alice', { change: changeOf({ members: [joins('alice')] }) }),
        control(eng, 0, { members: [joins('alice')] }),
        control(eng, 0, { blocks: [{ by: user('alice'), isBlocked: true }] }),
        control(pair, 0, { blocks: [{ by: user('eve'), isBlocked: true }] }),
        control(pair, 0, { settings: 'x'.repeat(MAX_SETTINGS_BYTES + 1) }),
        entryIn(eng, 'alice', {
          change: changeOf({ members: Array.from({ length: MAX_MEMBER_CHANGES + 1 }, (_, n) => joins(`u${n}`)) }),
        }),
      ];
      for (const request of impossible) {
        await expect(append(logOf(), [message('alice', 'bob'), request])).rejects.toThrow(TypeError);
      }
      expect(await headsOf(logOf(), [pair])).toMatchObject([{ head: 0 }]);
    });

    test('rights, members and stays are the same after a restart', async () => {
      await changeMembers(logOf(), eng, joins('alice', 'owner'), joins('bob'));
      await changeMembers(logOf(), eng, leaves('bob'), joins('carol', 'admin', 'start'));
      await append(logOf(), [block('bob', true, 0), message('alice', 'bob', { rightsVersion: 3 })]);
      await append(logOf(), [control(eng, 2, { settings: '{"posting":"admins"}' })]);
      const seen = async () => ({
        rights: await logOf().rights([eng, pair]),
        members: await logOf().members(eng, undefined, 10),
        stays: await logOf().stays(user('bob'), [eng]),
        feed: (await readFeed(logOf())).map(({ seq, entry, change }) => ({ seq, offset: entry?.offset, change })),
      });
      const before = await seen();
      if (tested.restart === undefined) return;
      await tested.restart();
      expect(await seen()).toEqual(before);
      const stale = await append(logOf(), [message('alice', 'bob'), entryIn(eng, 'carol', { rightsVersion: 5 })]);
      expect(stale).toMatchObject([{ outcome: 'stale', rightsVersion: 3 }, { outcome: 'stored' }]);
    });
  });
}
