import type { UserId } from '@longwire/protocol';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { settled } from '@longwire/test-support/until';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../src/channel/channel.js';
import type { LaneRow } from '../../src/channel/lane.js';
import type { AppliedChange, ChannelMember, ChannelRights } from '../../src/channel/membership.js';
import { ServerError } from '../../src/errors.js';
import { LocalUsers } from '../../src/membership/local-users.js';
import {
  LOAD_RETRY_MS,
  MAX_PLAIN_CHANNELS,
  MemberCache,
  type RightsSource,
} from '../../src/membership/member-cache.js';
import { changeOf, direct, group, user } from '../storage/requests.js';

const [eng, ops, pair] = [group('eng'), group('ops'), direct('alice', 'bob')];
const through = new Map([[0, 0]]);

function member(id: string, joined = 1, left?: number): ChannelMember {
  return { user: user(id), joined, left, role: 'member', dueFrom: joined, visibleFrom: joined };
}

function rightsOf(channel: Channel, version = 1): ChannelRights {
  const blocks = { low: false, high: false };
  return { channel, version, isClosed: false, settings: undefined, blocks, memberCount: 0 };
}

function row(channel: Channel, seq: number, ...members: ChannelMember[]): LaneRow {
  const change = {
    ...changeOf({}),
    pending: [],
    members: members.map((changed) => ({ ...changed, leftBefore: undefined })),
  };
  return { seq, stamp: 0, channel, entry: undefined, change };
}

let users: LocalUsers<string>;
let clock: ManualClock;
let failures: unknown[];
let source: RightsSource;

beforeEach(() => {
  [users, clock, failures] = [new LocalUsers(), new ManualClock(), []];
  source = {
    rights: async (channels) => ({ rights: channels.map((channel) => rightsOf(channel)), through }),
    members: async () => ({ members: [member('alice'), member('bob')], next: undefined, version: 1, through }),
    pending: async () => ({ pending: [], next: undefined, through }),
  };
});

function open(limits = { channels: 10, members: 100 }): MemberCache<string> {
  const log: RightsSource = {
    rights: (channels) => source.rights(channels),
    members: (channel, after, limit) => source.members(channel, after, limit),
    pending: (channel, after, limit) => source.pending(channel, after, limit),
  };
  const onFailure = (error: unknown) => failures.push(error);
  return new MemberCache({ log, whenApplied: () => undefined, users, clock, onFailure }, limits);
}

function apply(cache: MemberCache<string>, applied: LaneRow): void {
  cache.beforeFanOut.onRow(applied);
  cache.afterFanOut.onRow(applied);
}

const audienceOf = (cache: MemberCache<string>, channel: Channel): UserId[] | undefined =>
  cache
    .peek(channel)
    ?.audience.map(({ id }) => id)
    .sort();

describe('MemberCache', () => {
  it('shares the objects of users over all loaded groups, with what reads for them as they come and go', async () => {
    const cache = open();
    users.arrive(user('bob'), 'bob reads');
    const [first, second] = [await cache.prepare(eng), await cache.prepare(ops)];
    expect(first.audience[1]).toBe(second.audience[1]);
    expect(first.audience.map(({ readers }) => readers)).toEqual([undefined, 'bob reads']);
    users.arrive(user('alice'), 'alice reads');
    users.depart(user('bob'));
    expect(second.audience.map(({ readers }) => readers)).toEqual(['alice reads', undefined]);
  });

  it('has who joins by a row before it is fanned out, and who leaves until it was', async () => {
    const cache = open();
    await cache.prepare(eng);
    const applied = row(eng, 2, member('carol', 2), member('bob', 1, 2));
    cache.beforeFanOut.onRow(applied);
    expect(audienceOf(cache, eng)).toEqual(['alice', 'bob', 'carol']);
    cache.afterFanOut.onRow(applied);
    expect(audienceOf(cache, eng)).toEqual(['alice', 'carol']);
    expect(cache.peek(eng)?.version).toBe(2);
    expect(cache.peek(eng)?.member(user('bob'))).toBeUndefined();
  });

  it('applies what changes while the pages of the members are read, whichever page has it already', async () => {
    const cache = open();
    const pages = [
      { members: [member('alice'), member('bob')], next: user('bob'), version: 1, through },
      // Read after rows 2 and 3: erin has come, and dave has gone.
      { members: [member('erin', 2)], next: undefined, version: 3, through },
    ];
    source.members = async (_channel, after) => {
      if (after !== undefined) {
        apply(cache, row(eng, 2, member('erin', 2), member('carol', 2), member('alice', 1, 2)));
        apply(cache, row(eng, 3, member('dave', 1, 3), member('alice', 3)));
      }
      return pages[after === undefined ? 0 : 1]!;
    };
    expect((await cache.prepare(eng)).version).toBe(3);
    expect(audienceOf(cache, eng)).toEqual(['alice', 'bob', 'carol', 'erin']);
    expect(cache.peek(eng)?.member(user('alice'))).toMatchObject({ joined: 3, left: undefined });
  });

  it('drops the channel that was not used for the longest beyond its limits, and none that is pinned', async () => {
    const cache = open({ channels: 2, members: 100 });
    const pinned = await cache.prepare(eng);
    cache.pin(pinned);
    await cache.prepare(ops);
    await cache.prepare(group('third'));
    expect([cache.peek(eng), cache.peek(ops), cache.size]).toEqual([pinned, undefined, 2]);
    await cache.prepare(group('fourth'));
    expect([cache.peek(eng), cache.peek(group('third')), cache.size]).toEqual([pinned, undefined, 2]);
    cache.unpin(pinned);
    await cache.prepare(ops);
    await cache.prepare(group('third'));
    expect(cache.peek(eng)).toBeUndefined();
  });

  it('drops channels beyond the members of all of them together, as they grow', async () => {
    const cache = open({ channels: 10, members: 5 });
    await cache.prepare(eng);
    cache.unpin(pinOf(cache, await cache.prepare(ops)));
    expect(cache.size).toBe(2);
    const loaded = pinOf(cache, await cache.prepare(ops));
    apply(cache, row(ops, 2, member('c', 2), member('d', 2), member('e', 2)));
    cache.unpin(loaded);
    expect([cache.peek(eng), cache.peek(ops)?.audience.length]).toEqual([undefined, 5]);
  });

  it('reads again after LOAD_RETRY_MS what could not be read for rows that were applied, but no damage', async () => {
    const cache = open();
    const { rights } = source;
    source.rights = async () => Promise.reject(new ServerError('overloaded', 'later'));
    cache.load(eng);
    await settled();
    expect(failures).toMatchObject([{ code: 'overloaded' }]);
    source.rights = rights;
    await clock.advance(LOAD_RETRY_MS);
    await settled();
    expect(audienceOf(cache, eng)).toEqual(['alice', 'bob']);
    source.rights = async (channels) => ({ rights: channels.map(() => 'damaged' as const), through });
    cache.load(ops);
    await settled();
    source.rights = rights;
    await clock.advance(LOAD_RETRY_MS);
    await settled();
    expect([failures, cache.peek(ops)]).toMatchObject([[{ code: 'overloaded' }, { code: 'corrupt' }], undefined]);
  });

  it('has who is pending, as the rows say that are applied while they are read and afterwards', async () => {
    const cache = open();
    const [carol, dave] = [user('carol'), user('dave')];
    const invited = { user: carol, state: 'invited', by: user('alice'), at: 1 } as const;
    const asked = { user: dave, state: 'requested', by: dave, at: 2 } as const;
    const pendingRow = (seq: number, pending: AppliedChange['pending']): LaneRow => ({
      ...row(eng, seq),
      change: { ...changeOf({}), members: [], pending },
    });
    source.pending = async () => {
      apply(cache, pendingRow(2, [{ ...asked, was: undefined }]));
      return { pending: [invited], next: undefined, through };
    };
    const loaded = await cache.prepare(eng);
    expect([...loaded.pending.values()]).toEqual([invited, asked]);
    apply(cache, pendingRow(3, [{ ...invited, state: undefined, was: 'invited' }]));
    expect([...loaded.pending.values()]).toEqual([asked]);
    expect(audienceOf(cache, eng)).toEqual(['alice', 'bob']);
  });

  it('keeps groups in use, however many are asked for that do not exist, and those that begin meanwhile', async () => {
    const cache = open({ channels: 2, members: 100 });
    await cache.prepare(eng);
    source.rights = async (channels) => ({ rights: channels.map((channel) => rightsOf(channel, 0)), through });
    source.members = () => expect.fail('the members of a group that does not exist were read');
    const begun = pinOf(cache, await cache.prepare(ops));
    for (let index = 0; index < MAX_PLAIN_CHANNELS + 10; index += 1) await cache.prepare(group(`none-${index}`));
    expect(cache.size).toBe(2 + MAX_PLAIN_CHANNELS - 1);
    expect(audienceOf(cache, eng)).toEqual(['alice', 'bob']);
    expect(cache.peek(ops)).toBe(begun);
    expect(cache.peek(group('none-0'))).toBeUndefined();
    apply(cache, row(ops, 2, member('alice', 1)));
    cache.unpin(begun);
    for (let index = 0; index < MAX_PLAIN_CHANNELS; index += 1) await cache.prepare(group(`other-${index}`));
    expect(audienceOf(cache, ops)).toEqual(['alice']);
    expect(audienceOf(cache, eng)).toEqual(['alice', 'bob']);
  });

  it('has the blocks of a direct channel, and no members', async () => {
    const cache = open();
    source.members = () => expect.fail('the members of a direct channel were read');
    const loaded = await cache.prepare(pair);
    const blocks = [{ by: user('bob'), isBlocked: true }];
    apply(cache, {
      seq: 2,
      stamp: 0,
      channel: pair,
      entry: undefined,
      change: { ...changeOf({ blocks }), members: [], pending: [] },
    });
    expect([loaded.blocks, loaded.version, loaded.audience]).toEqual([{ low: false, high: true }, 2, []]);
  });
});

function pinOf<Loaded extends Awaited<ReturnType<MemberCache<string>['prepare']>>>(
  cache: MemberCache<string>,
  loaded: Loaded,
): Loaded {
  cache.pin(loaded);
  return loaded;
}
