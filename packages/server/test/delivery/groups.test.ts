import type { DeviceId, UserId } from '@longwire/protocol';
import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { announcements } from '../../src/channel/channel.js';
import type { MemberChange } from '../../src/channel/membership.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import { alice, bob, MessagingFixture } from '../messaging/messaging-fixture.js';
import {
  changeMembers,
  changeOf,
  entryIn,
  FIRST_AT,
  group,
  inbox,
  joins,
  leaves,
  methodsOf,
  versionOf,
} from '../storage/requests.js';
import type { ModelSession } from './model-session.js';

const carol = 'carol' as UserId;
const laptop = 'laptop' as DeviceId;
const eng = group('eng');

/** What a session was queued since the last look: `7` is an entry, `3-5` a gap. */
function taken(session: ModelSession<unknown>, address = 'group/eng'): string {
  const texts = session.take(Number.MAX_SAFE_INTEGER);
  const pushes = texts.map((text) => JSON.parse(text) as { channel: string; offset: number; from: number; to: number });
  return pushes
    .filter(({ channel }) => channel === address)
    .map(({ offset, from, to }) => (offset === undefined ? `${from}-${to}` : `${offset}`))
    .join(' ');
}

async function change(floor: MessagingFixture, ...members: MemberChange[]): Promise<void> {
  const rightsVersion = await versionOf(floor.store.log, eng);
  await floor.append(entryIn(eng, undefined, { kind: 'member', rightsVersion, change: changeOf({ members }) }));
}

/** A fixture with the group, loaded. */
async function openGroup(...members: MemberChange[]): Promise<MessagingFixture> {
  const floor = await MessagingFixture.open();
  await floor.members.prepare(eng);
  await change(floor, ...members);
  return floor;
}

async function acknowledge(floor: MessagingFixture, user: UserId, offset: number): Promise<void> {
  const devices = new Map([['phone' as DeviceId, offset]]);
  await floor.store.cursors.write([{ user, channel: eng, read: undefined, delivered: offset, devices }], FIRST_AT);
}

describe('a group', () => {
  it('is delivered to the sessions of its members, and to no others', async () => {
    const floor = await openGroup(joins('alice', 'owner'), joins('bob'));
    const [first, second, outsider] = [
      await floor.signIn(bob),
      await floor.signIn(bob, { device: laptop }),
      await floor.signIn(carol),
    ];
    await settled();
    expect([taken(first), taken(second)]).toEqual(['1', '1']);
    await floor.send({ channel: eng });
    expect([taken(first), taken(second), taken(outsider)]).toEqual(['2', '2', '']);
    expect(floor.hub.tailsKept).toBe(0);
  });

  it('is delivered to who joins from the entry by which they join', async () => {
    const floor = await openGroup(joins('alice', 'owner'));
    const [here, opening] = [await floor.signIn(bob), await floor.enter(bob, { device: laptop })];
    await floor.send({ channel: eng });
    await change(floor, joins('bob'));
    await floor.send({ channel: eng });
    expect(taken(here)).toBe('3 4');
    floor.hub.finishOpening(opening.reader!);
    expect(taken(opening)).toBe('3 4');
  });

  it('is delivered to who leaves up to the entry by which they leave, and nothing above it', async () => {
    const floor = await openGroup(joins('alice', 'owner'), joins('bob'));
    const atTail = await floor.signIn(bob);
    const behind = await floor.signIn(bob, { device: laptop, capacity: 1 });
    const opening = await floor.enter(bob, { device: 'tablet' as DeviceId });
    await settled();
    await floor.send({ channel: eng });
    await change(floor, leaves('bob'));
    await floor.send({ channel: eng });
    await floor.send({ channel: eng });
    expect(taken(atTail)).toBe('1 2 3');
    floor.hub.finishOpening(opening.reader!);
    const rest: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      await settled();
      rest.push(taken(behind), taken(opening));
    }
    expect(rest.filter((text) => text !== '').sort()).toEqual(['1', '1 2 3', '2', '3']);
    expect([floor.hub.tailsKept, floor.hub.ringBytes]).toEqual([0, 0]);
  });

  it('is delivered up to `left` to a device that comes back later, until it has acknowledged that', async () => {
    const floor = await openGroup(joins('alice', 'owner'), joins('bob'));
    await floor.send({ channel: eng });
    await change(floor, leaves('bob'));
    await floor.send({ channel: eng });
    const again = async () => {
      const session = await floor.signIn(bob);
      await settled();
      const texts = taken(session);
      floor.hub.leave(session.reader!);
      return texts;
    };
    expect(await again()).toBe('1 2 3');
    await acknowledge(floor, bob, 2);
    expect(await again()).toBe('3');
    await acknowledge(floor, bob, 3);
    expect(await again()).toBe('');
    await change(floor, joins('bob'));
    expect(await again()).toBe('4-4 5');
    expect(floor.hub.tailsKept).toBe(0);
  });

  it('goes on with a gap, for what was written between, in sessions of a user who comes back', async () => {
    const floor = await openGroup(joins('alice', 'owner'), joins('bob'));
    const session = await floor.signIn(bob);
    await settled();
    await change(floor, leaves('bob'));
    await floor.send({ channel: eng });
    await floor.send({ channel: eng });
    await change(floor, joins('bob'));
    await floor.send({ channel: eng });
    expect(taken(session)).toBe('1 2 3-4 5 6');
    expect(floor.hub.tailsKept).toBe(0);
  });

  it('goes on at the new joining for a session that was behind in the stay before, with a gap for the rest of it', async () => {
    const floor = await openGroup(joins('alice', 'owner'), joins('bob'));
    const slow = await floor.signIn(bob, { capacity: 1 });
    await settled();
    for (let count = 0; count < 3; count += 1) await floor.send({ channel: eng });
    await change(floor, leaves('bob'));
    await floor.send({ channel: eng });
    await change(floor, joins('bob'));
    const texts: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      texts.push(taken(slow));
      await settled();
    }
    expect(texts.filter((text) => text !== '').join(' ')).toBe('1 2-6 7');
  });

  it('reaches its members from the log, if rows are applied before the members are loaded', async () => {
    const store = await openMemoryStore({ maxBytes: 100_000_000 });
    const floor = new MessagingFixture(store, undefined, undefined, { channels: 1, members: 100 });
    await changeMembers(store.log, group('other'), joins('dave', 'owner'));
    await changeMembers(store.log, eng, joins('alice', 'owner'), joins('bob'));
    floor.gate.reached(0, 2);
    const [here, leaving, joining] = [await floor.signIn(alice), await floor.signIn(bob), await floor.signIn(carol)];
    await settled();
    expect([taken(here), taken(leaving)]).toEqual(['1', '1']);
    await floor.members.prepare(group('other'));
    expect(floor.members.peek(eng)).toBeUndefined();
    // By another process: a message, bob leaves, carol joins, and a message.
    const { log } = floor.store;
    const post = () => log.append([entryIn(eng, 'alice', { rightsVersion: 'any' })], { stamp: 0, isSecondTry: false });
    await post();
    await changeMembers(log, eng, leaves('bob'));
    await changeMembers(log, eng, joins('carol'));
    await post();
    floor.gate.reached(0, 6);
    await settled();
    expect([taken(here), taken(leaving), taken(joining)]).toEqual(['2 3 4 5', '2 3', '4 5']);
    await post();
    floor.gate.reached(0, 7);
    await settled();
    expect([taken(here), taken(leaving), taken(joining)]).toEqual(['6', '', '6']);
    expect([floor.members.peek(eng)?.audience.length, floor.hub.tailsKept]).toEqual([2, 0]);
  });

  it('is delivered to no one while its members cannot be read', async () => {
    const store = await openMemoryStore({ maxBytes: 100_000_000 });
    const floor = new MessagingFixture(store, undefined, {
      ...methodsOf(store.log),
      rights: async (channels) => ({ ...(await store.log.rights(channels)), rights: channels.map(() => 'damaged') }),
    });
    const session = await floor.signIn(alice);
    await changeMembers(store.log, eng, joins('alice', 'owner'));
    floor.gate.reached(0, 1);
    await settled();
    expect([taken(session), floor.members.size]).toEqual(['', 0]);
    expect(floor.failures).toMatchObject([{ code: 'corrupt' }]);
  });
});

describe('an inbox', () => {
  it('is delivered to the sessions of its user', async () => {
    const floor = await MessagingFixture.open();
    const [mine, other] = [await floor.signIn(bob), await floor.signIn(carol)];
    await floor.send({ channel: inbox('bob'), by: 'crm' });
    expect([taken(mine, 'inbox'), taken(other, 'inbox')]).toEqual(['1', '']);
  });
});

describe('announcements', () => {
  it('are delivered to every session, and later to devices that were away', async () => {
    const floor = await MessagingFixture.open();
    const [first, second] = [await floor.signIn(bob), await floor.signIn(carol)];
    await floor.signIn(alice).then(({ reader }) => floor.hub.leave(reader!));
    await floor.send({ channel: announcements, by: 'crm' });
    expect([taken(first, 'all'), taken(second, 'all')]).toEqual(['1', '1']);
    const late = await floor.signIn(alice);
    const unknown = await floor.signIn('dave' as UserId);
    await settled();
    expect([taken(late, 'all'), taken(unknown, 'all')]).toEqual(['1', '']);
    await floor.send({ channel: announcements, by: 'crm' });
    expect([taken(late, 'all'), taken(unknown, 'all')]).toEqual(['2', '2']);
  });
});
