import type { UserId } from '@longwire/protocol';
import { describe, expect, it } from 'vitest';
import { announcements, type Channel, directChannel } from '../../src/channel/channel.js';
import type { MemberChange } from '../../src/channel/membership.js';
import type { SettledAppend } from '../../src/messaging/append-queue.js';
import type { SendOutcome } from '../../src/messaging/send-outcome.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import type { MessageLog } from '../../src/storage/message-log.js';
import {
  changeMembers,
  changeOf,
  control,
  entryIn,
  group,
  inbox,
  joins,
  leaves,
  message,
  methodsOf,
  readLog,
  versionOf,
} from '../storage/requests.js';
import { alice, bob, MessagingFixture } from './messaging-fixture.js';

const carol = 'carol' as UserId;
const pair = directChannel(alice, bob);
const eng = group('eng');

const nameOf = (outcome: SendOutcome) => (outcome.ok ? `stored ${outcome.position.offset}` : outcome.code);

function block(by: UserId, isBlocked: boolean, version: number) {
  return control(pair, version, { blocks: [{ by, isBlocked }] });
}

/** A fixture whose log is asked through `replace`, and what it was asked for. */
async function openWith(replace: (log: MessageLog) => Partial<MessageLog>): Promise<MessagingFixture> {
  const store = await openMemoryStore({ maxBytes: 100_000_000 });
  return new MessagingFixture(store, undefined, { ...methodsOf(store.log), ...replace(store.log) });
}

/** As a change of another process: this one has not loaded the channel. */
async function changeInStore(floor: MessagingFixture, channel: Channel, ...members: MemberChange[]): Promise<number> {
  const seq = await changeMembers(floor.store.log, channel, ...members);
  floor.gate.reached(0, seq);
  await floor.gate.whenApplied(new Map([[0, seq]]));
  return seq;
}

describe('send in a direct channel', () => {
  it('does not read the rights, as long as nothing was changed', async () => {
    let reads = 0;
    const floor = await openWith((log) => ({
      rights: (channels) => {
        reads += 1;
        return log.rights(channels);
      },
    }));
    await floor.send();
    await Promise.all([floor.send(), floor.send({ from: bob, to: alice })]);
    expect([reads, floor.members.size]).toEqual([0, 0]);
  });

  it('is refused with `blocked` in both directions once one of the two blocks the other, until the block ends', async () => {
    const floor = await MessagingFixture.open();
    const outcomes: string[] = [];
    const sendBoth = async () => {
      const sent = [floor.send(), floor.send({ from: bob, to: alice })];
      outcomes.push(...(await Promise.all(sent)).map(nameOf));
    };
    await sendBoth();
    await floor.append(block(bob, true, 0));
    await sendBoth();
    await sendBoth();
    await floor.append(block(bob, false, 3));
    await sendBoth();
    await floor.append(block(alice, true, 4));
    await sendBoth();
    expect(outcomes).toEqual([
      'stored 1',
      'stored 2',
      ...['blocked', 'blocked', 'blocked', 'blocked'],
      'stored 3',
      'stored 4',
      ...['blocked', 'blocked'],
    ]);
    expect(floor.refusals.counts.blocked).toBe(6);
    expect(await readLog(floor.store.log, pair)).toHaveLength(4);
  });

  it('is answered as stored when it repeats what is stored, although the sender is blocked since', async () => {
    const floor = await MessagingFixture.open();
    await floor.send({ key: 'k' });
    await floor.append(block(bob, true, 0));
    for (let time = 0; time < 2; time += 1) {
      expect(await floor.send({ key: 'k' })).toMatchObject({ ok: true, isRepeated: true, position: { offset: 1 } });
      expect(await floor.send({ key: `new ${time}` })).toMatchObject({ ok: false, code: 'blocked' });
    }
  });

  it('is judged again by the rights that are stored, when a block commits between its judgement and its append', async () => {
    const floor = await MessagingFixture.open();
    const sent = [floor.append(block(bob, true, 0)), floor.send({ key: 'k' })] as const;
    expect(await sent[0]).toEqual({ outcome: 'controlled' } satisfies SettledAppend);
    expect(nameOf(await sent[1])).toBe('blocked');
    const unblocked = [floor.append(block(bob, false, 1)), floor.send({ key: 'k' })] as const;
    await unblocked[0];
    // It was judged while the block was there, and refused by the engine as it was judged.
    expect(nameOf(await unblocked[1])).toBe('blocked');
    expect(nameOf(await floor.send({ key: 'k' }))).toBe('stored 1');
  });
});

describe('send in a group', () => {
  it('is for members: others get `not_a_member`, as if there were no group', async () => {
    const floor = await MessagingFixture.open();
    await changeInStore(floor, eng, joins('alice', 'owner'), joins('bob'));
    const outcomes = [
      await floor.send({ channel: eng }),
      await floor.send({ channel: eng, from: bob }),
      await floor.send({ channel: eng, from: carol }),
      await floor.send({ channel: group('none'), from: carol }),
    ];
    expect(outcomes.map(nameOf)).toEqual(['stored 2', 'stored 3', 'not_a_member', 'not_a_member']);
    expect(outcomes[2]).toEqual(outcomes[3]);
    expect(floor.refusals.counts.notAMember).toBe(2);
  });

  it('is for owners and admins where the settings have posting: admins, and where they cannot be read', async () => {
    const floor = await MessagingFixture.open();
    const version = await changeInStore(floor, eng, joins('alice', 'admin'), joins('bob'));
    const codes: string[] = [];
    let at = version;
    for (const settings of ['{"posting":"admins"}', '{"posting":"members"}', 'not JSON', '{}', 'null']) {
      await floor.append(control(eng, at, { settings }));
      at = await versionOf(floor.store.log, eng);
      codes.push(nameOf(await floor.send({ channel: eng, from: bob })));
    }
    expect(codes).toEqual(['forbidden', 'stored 2', 'forbidden', 'stored 3', 'stored 4']);
    await floor.append(control(eng, at, { settings: '{"posting":"admins"}' }));
    expect(nameOf(await floor.send({ channel: eng, from: alice }))).toBe('stored 5');
    expect(nameOf(await floor.send({ channel: eng, by: 'crm' }))).toBe('stored 6');
  });

  it('is refused with `not_a_member` once the group is closed, to applications too', async () => {
    const floor = await MessagingFixture.open();
    const version = await changeInStore(floor, eng, joins('alice', 'owner'));
    const sent = [
      floor.append(control(eng, version, { closes: true })),
      floor.send({ channel: eng, key: 'k' }),
      floor.send({ channel: eng, by: 'crm' }),
    ] as const;
    await sent[0];
    expect([nameOf(await sent[1]), nameOf(await sent[2])]).toEqual(['not_a_member', 'not_a_member']);
  });

  it('counts by the order of the log: what is sent before a removal is stored before it, what comes after is not', async () => {
    const floor = await MessagingFixture.open();
    const version = await changeInStore(floor, eng, joins('alice', 'owner'), joins('bob'));
    await floor.send({ channel: eng, from: bob });
    const remove = entryIn(eng, 'alice', {
      kind: 'member',
      rightsVersion: version,
      change: changeOf({ members: [leaves('bob')] }),
    });
    const settled: string[] = [];
    const note = (name: string) => (outcome: SendOutcome) => settled.push(`${name} ${nameOf(outcome)}`);
    await Promise.all([
      floor.send({ channel: eng, from: bob }, note('before')),
      floor.append(remove),
      floor.send({ channel: eng, from: bob }, note('after')),
      floor.send({ channel: eng, from: alice }, note('other')),
    ]);
    expect(settled).toEqual(['before stored 3', 'after not_a_member', 'other stored 5']);
  });

  it('keeps the order of one sender, when the first of several sends is judged again', async () => {
    const floor = await MessagingFixture.open();
    const version = await changeInStore(floor, eng, joins('alice', 'owner'));
    await floor.send({ channel: eng, body: '"first"' });
    const join = entryIn(eng, 'alice', {
      kind: 'member',
      rightsVersion: version,
      change: changeOf({ members: [joins('bob')] }),
    });
    const sent: Promise<unknown>[] = [floor.append(join)];
    for (let index = 0; index < 30; index += 1) {
      sent.push(floor.send({ channel: eng, body: `${index}` }));
      // Some are sent while those before are in the queue, some while they are held.
      if (index % 4 === 3) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(sent);
    const bodies = (await readLog(floor.store.log, eng)).slice(3).map(({ body }) => Number(body));
    expect(bodies).toEqual(Array.from({ length: 30 }, (_, index) => index));
  });

  it('is answered with `unavailable` when the rights are others whenever it is judged', async () => {
    let appends = 0;
    const floor = await openWith((log) => ({
      append: async (batch, attempt) => {
        if (batch.every(({ change }) => change !== undefined)) return log.append(batch, attempt);
        appends += 1;
        return { outcome: 'done', lane: 0, results: batch.map(() => ({ outcome: 'stale', seq: 1, rightsVersion: 9 })) };
      },
    }));
    await changeInStore(floor, eng, joins('alice', 'owner'));
    expect(await floor.send({ channel: eng })).toMatchObject({ ok: false, code: 'unavailable' });
    expect(appends).toBe(8);
    await floor.queue.idle();
  });

  it('is answered with `unavailable`, not to be repeated, when the members are damaged', async () => {
    const floor = await openWith((log) => ({
      rights: async (channels) => ({ ...(await log.rights(channels)), rights: channels.map(() => 'damaged' as const) }),
    }));
    expect(await floor.send({ channel: eng })).toMatchObject({ ok: false, code: 'unavailable', retryable: false });
    expect(floor.failures).toMatchObject([{ code: 'corrupt' }]);
    await floor.queue.idle();
  });
});

describe('send of notifications and announcements', () => {
  it('is for applications: users get `forbidden`', async () => {
    const floor = await MessagingFixture.open();
    for (const channel of [inbox('bob'), announcements]) {
      expect(await floor.send({ channel })).toMatchObject({ ok: false, code: 'forbidden' });
      expect(await floor.send({ channel, by: 'crm', key: 'k' })).toMatchObject({ ok: true, isRepeated: false });
      expect(await floor.send({ channel, by: 'crm', key: 'k' })).toMatchObject({ ok: true, isRepeated: true });
    }
    expect(await readLog(floor.store.log, announcements)).toMatchObject([{ from: undefined, by: 'crm' }]);
    expect(floor.refusals.counts.notAllowed).toBe(2);
  });

  it('of an application is stored in a direct channel too', async () => {
    const floor = await MessagingFixture.open();
    await floor.store.log.append([message('alice', 'bob')], { stamp: 0, isSecondTry: false });
    expect(nameOf(await floor.send({ channel: pair, by: 'crm' }))).toBe('stored 2');
  });
});
