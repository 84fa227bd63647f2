import type { UserId } from '@longwire/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announcements } from '../../src/channel/channel.js';
import { isGap } from '../../src/channel/log-item.js';
import type { MemberChange } from '../../src/channel/membership.js';
import { changeOf, entryIn, group, inbox, joins, leaves, versionOf } from '../storage/requests.js';
import { alice, bob, MessagingFixture } from './messaging-fixture.js';

const eng = group('eng');

async function change(floor: MessagingFixture, ...members: MemberChange[]): Promise<void> {
  const rightsVersion = await versionOf(floor.store.log, eng);
  await floor.append(entryIn(eng, undefined, { kind: 'member', rightsVersion, change: changeOf({ members }) }));
}

/** All pages in one direction, as a client asks for them. */
async function readAll(floor: MessagingFixture, user: UserId, direction: 'before' | 'after', limit: number) {
  const history = floor.history();
  const pages: number[][] = [];
  let next: number | undefined = direction === 'after' ? 0 : undefined;
  for (;;) {
    const at: { offset: number } | undefined = next === undefined ? undefined : { offset: next };
    const before = direction === 'before' ? at : undefined;
    const after = direction === 'after' ? at : undefined;
    const outcome = await history.page({ user, channel: eng, before, after, limit });
    if (!outcome.ok) return outcome.code;
    const offsets = outcome.items.map((item) =>
      isGap(item) ? expect.fail('a gap in place of what is not visible') : item.offset,
    );
    if (direction === 'after') pages.push(offsets);
    else pages.unshift(offsets);
    if (!outcome.more) return pages.flat();
    next = direction === 'after' ? offsets.at(-1) : offsets[0];
    if (next === undefined) return expect.fail('an empty page says that there is more');
  }
}

describe('history of a group', () => {
  it('has what lies in the stays of the user, and nothing in place of the rest', async () => {
    const floor = await MessagingFixture.open();
    await change(floor, joins('alice', 'owner'));
    await floor.send({ channel: eng });
    await change(floor, joins('bob'), joins('carol', 'member', 'start'));
    await floor.send({ channel: eng });
    await change(floor, leaves('bob'));
    await floor.send({ channel: eng });
    await change(floor, joins('bob'));
    await floor.send({ channel: eng });
    for (const limit of [1, 2, 3, 100]) {
      for (const direction of ['before', 'after'] as const) {
        expect(await readAll(floor, bob, direction, limit)).toEqual([3, 4, 5, 7, 8]);
        expect(await readAll(floor, 'carol' as UserId, direction, limit)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
        expect(await readAll(floor, 'eve' as UserId, direction, limit)).toBe('not_a_member');
      }
    }
  });

  it('has the union of the stays, with any stays, limits and directions', async () => {
    const step = fc.constantFrom<'joining' | 'start' | 'leave' | 'send'>('joining', 'start', 'leave', 'send');
    const steps = fc.array(step, { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 6 }), async (taken, limit) => {
        const floor = await MessagingFixture.open();
        await change(floor, joins('alice', 'owner'));
        let head = 1;
        const visible = new Set<number>();
        let isMember = false;
        for (const next of taken) {
          head += 1;
          if (next === 'send') await floor.send({ channel: eng, from: alice });
          else if (next === 'leave') await change(floor, leaves('bob'));
          else await change(floor, joins('bob', 'member', next));
          if (next === 'start' && !isMember) for (let offset = 1; offset < head; offset += 1) visible.add(offset);
          if (next === 'start' || next === 'joining') isMember = true;
          if (isMember) visible.add(head);
          if (next === 'leave') isMember = false;
        }
        const expected = visible.size === 0 ? 'not_a_member' : [...visible].sort((a, b) => a - b);
        expect(await readAll(floor, bob, 'before', limit)).toEqual(expected);
        expect(await readAll(floor, bob, 'after', limit)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('has nothing above the head that was fanned out', async () => {
    const floor = await MessagingFixture.open();
    await change(floor, joins('alice', 'owner'));
    await floor.store.log.append([entryIn(eng, 'alice', { rightsVersion: 'any' })], { stamp: 0, isSecondTry: false });
    expect(await readAll(floor, alice, 'before', 10)).toEqual([1]);
  });
});

describe('history of an inbox and of announcements', () => {
  it('has what is due to the user', async () => {
    const floor = await MessagingFixture.open();
    await floor.send({ channel: announcements, by: 'crm' });
    await floor.send({ channel: inbox('bob'), by: 'crm' });
    await floor.send({ channel: announcements, by: 'crm' });
    const page = (user: UserId, channel: typeof announcements | ReturnType<typeof inbox>) =>
      floor.history().page({ user, channel, before: undefined, after: undefined, limit: 10 });
    expect(await page(bob, announcements)).toMatchObject({ ok: true, items: [{ offset: 2 }], more: false });
    expect(await page(bob, inbox('bob'))).toMatchObject({ ok: true, items: [{ offset: 1 }] });
    expect(await page(alice, inbox('bob'))).toMatchObject({ ok: true, items: [] });
    expect(await page(alice, announcements)).toMatchObject({ ok: true, items: [] });
  });
});
