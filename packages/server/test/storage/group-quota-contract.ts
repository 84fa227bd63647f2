// What one user may do in groups: what every storage engine promises, as tests.

import { afterEach, describe, expect, test } from 'vitest';
import type { Channel } from '../../src/channel/channel.js';
import type { PendingState, RightsChange } from '../../src/channel/membership.js';
import { type StoreQuotas, unlimitedQuotas } from '../../src/storage/quotas.js';
import {
  append,
  appendOne,
  changeOf,
  control,
  entryIn,
  FIRST_AT,
  group,
  joins,
  leaves,
  user,
  versionOf,
} from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

const HOUR_MS = 3_600_000;
const groups = Array.from({ length: 5 }, (_, index) => group(`g${index}`));
const pends = (id: string, state: PendingState | undefined, by: string) => ({ user: user(id), state, by: user(by) });

export function describeGroupQuotaContract(name: string, create: StoreFactory): void {
  describe(`${name} answers quota, and stores nothing of a change of groups,`, () => {
    let tested: StoreUnderTest;
    afterEach(() => tested.dispose());

    /** With groups of another owner, who has no quotas that matter. */
    const open = async (quotas: Partial<StoreQuotas>) => {
      tested = await create({ ...unlimitedQuotas, ...quotas });
      for (const each of groups) await change('owner', each, { members: [joins('owner', 'owner')] });
    };
    const requestOf = async (as: string, channel: Channel, fields: Partial<RightsChange>, at = FIRST_AT) => {
      const rightsVersion = await versionOf(tested.store.log, channel);
      if (fields.members === undefined) return { ...control(channel, rightsVersion, fields), at };
      return entryIn(channel, as, { kind: 'member', rightsVersion, change: changeOf(fields), at });
    };
    const change = async (...args: Parameters<typeof requestOf>) =>
      appendOne(tested.store.log, await requestOf(...args));
    const join = (as: string, channel: Channel, at?: number) => change(as, channel, { members: [joins(as)] }, at);
    const ask = (as: string, channel: Channel, at?: number) =>
      change(as, channel, { pending: [pends(as, 'requested', as)] }, at);

    test('joinsPerHour: beyond so many groups that a user joins or asks to join, until the hour is over', async () => {
      await open({ joinsPerHour: 2 });
      await join('bob', groups[0]!);
      await ask('bob', groups[1]!, FIRST_AT + 1_000);
      const at = FIRST_AT + 2_000;
      const refusal = { outcome: 'quota', quota: 'joinsPerHour', afterMs: HOUR_MS - 2_000 };
      expect(await join('bob', groups[2]!, at)).toMatchObject(refusal);
      await tested.restart?.();
      expect(await join('bob', groups[2]!, at)).toMatchObject(refusal);
      expect(await ask('bob', groups[2]!, at)).toMatchObject(refusal);
      // Nothing else is counted: what others do with the user, what the user ends or begins, a state that is there already.
      expect(await change('owner', groups[1]!, { members: [joins('bob')] }, at)).toMatchObject({ outcome: 'stored' });
      expect(await change('owner', groups[3]!, { members: [joins('bob')] }, at)).toMatchObject({ outcome: 'stored' });
      expect(await join('bob', groups[3]!, at)).toMatchObject({ outcome: 'stored' });
      expect(await change('bob', groups[0]!, { members: [leaves('bob')] }, at)).toMatchObject({ outcome: 'stored' });
      expect(await join('bob', group('new'), at)).toMatchObject({ outcome: 'stored' });
      expect(await join('carol', groups[2]!, at)).toMatchObject({ outcome: 'stored' });
      expect(await join('bob', groups[2]!, FIRST_AT + HOUR_MS)).toMatchObject({ outcome: 'stored' });
    });

    test('joinsPerHour: exact within one batch', async () => {
      await open({ joinsPerHour: 2 });
      const batch = await Promise.all(groups.map((each) => requestOf('bob', each, { members: [joins('bob')] })));
      const results = await append(tested.store.log, batch);
      expect(results.map(({ outcome }) => outcome)).toEqual(['stored', 'stored', 'quota', 'quota', 'quota']);
    });

    test('addsPerHour: beyond so many users whom a user adds or invites; who has asked to join is not counted', async () => {
      await open({ addsPerHour: 3 });
      const [eng, ops] = [groups[0]!, groups[1]!];
      const add = (...ids: string[]) => ({ members: ids.map((id) => joins(id)) });
      const invite = (...ids: string[]) => ({ pending: ids.map((id) => pends(id, 'invited', 'ann')) });
      for (const each of [eng, ops]) await join('ann', each);
      await ask('zoe', eng);
      await change('ann', eng, add('zoe'));
      await change('ann', eng, { ...add('a'), ...invite('b') });
      const refusal = { outcome: 'quota', quota: 'addsPerHour', afterMs: HOUR_MS - 1_000 };
      expect(await change('ann', ops, invite('b', 'c'), FIRST_AT + 1_000)).toMatchObject(refusal);
      await tested.restart?.();
      expect(await change('ann', ops, add('b', 'c'), FIRST_AT + 1_000)).toMatchObject(refusal);
      expect(await change('ann', ops, invite('b'), FIRST_AT + 1_000)).toMatchObject({ outcome: 'controlled' });
      // Those who are members or invited already are not counted, and more than the quota never fit.
      expect(await change('ann', ops, invite('b', 'ann'))).toMatchObject({ outcome: 'controlled' });
      expect(await change('ann', ops, add('d', 'e', 'f', 'g'))).toMatchObject({
        quota: 'addsPerHour',
        afterMs: undefined,
      });
      expect(await change('ann', ops, add('d'), FIRST_AT + HOUR_MS)).toMatchObject({ outcome: 'stored' });
    });

    test('groupsPerUser: beyond so many groups that a user is a member of, whoever adds them; leaving makes room', async () => {
      await open({ groupsPerUser: 5 });
      const others = Array.from({ length: 3 }, (_, index) => group(`more${index}`));
      for (const each of groups.slice(0, 4)) await change('owner', each, { members: [joins('bob')] });
      await join('bob', others[0]!);
      const refusal = { outcome: 'quota', quota: 'groupsPerUser', afterMs: undefined };
      expect(await join('bob', others[1]!)).toMatchObject(refusal);
      await tested.restart?.();
      expect(await change('owner', groups[4]!, { members: [joins('carol'), joins('bob')] })).toMatchObject(refusal);
      expect(await join('owner', others[1]!)).toMatchObject(refusal);
      expect(await join('bob', groups[0]!)).toMatchObject({ outcome: 'stored' });
      await change('bob', groups[0]!, { members: [leaves('bob')] });
      expect(await join('bob', others[1]!)).toMatchObject({ outcome: 'stored' });
    });
  });
}
