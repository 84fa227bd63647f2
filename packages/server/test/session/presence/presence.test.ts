import type { DeviceId, UserId } from '@longwire/protocol';
import { settled } from '@longwire/test-support/until';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GRACE_MS, PresenceModel } from './presence-model.js';

const users = ['alice', 'bob', 'carol'] as UserId[];
const devices = ['phone', 'laptop'] as DeviceId[];
const user = fc.constantFrom(...users);
const pick = fc.nat({ max: 20 });
const several = fc.uniqueArray(user, { minLength: 1, maxLength: 3 });

type Step =
  | { readonly do: 'signIn'; readonly user: UserId; readonly device: DeviceId }
  | { readonly do: 'signOut'; readonly client: number }
  | { readonly do: 'write'; readonly from: UserId; readonly to: UserId }
  | { readonly do: 'block'; readonly by: UserId; readonly user: UserId; readonly isBlocked: boolean }
  | { readonly do: 'watch' | 'unwatch'; readonly client: number; readonly users: readonly UserId[] }
  | { readonly do: 'settings'; readonly user: UserId; readonly presence: boolean }
  | { readonly do: 'rename'; readonly user: UserId; readonly name: string | null }
  | { readonly do: 'toggleMember'; readonly group: string; readonly user: UserId }
  | { readonly do: 'release'; readonly count: number }
  | { readonly do: 'read'; readonly client: number }
  | { readonly do: 'advance'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('signIn' as const), user, device: fc.constantFrom(...devices) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('signOut' as const), client: pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const), from: user, to: user }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('block' as const), by: user, user, isBlocked: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('watch' as const), client: pick, users: several }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unwatch' as const), client: pick, users: several }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('settings' as const), user, presence: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('toggleMember' as const), group: fc.constantFrom('eng', 'ops'), user }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('rename' as const), user, name: fc.constantFrom('Ann', 'Bo', null) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('release' as const), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), client: pick }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat({ max: 2 * GRACE_MS }) }) },
);

async function run(model: PresenceModel, next: Step): Promise<void> {
  const alive = model.clients.filter(({ session }) => !session.hasEnded);
  const client = 'client' in next ? alive[next.client % Math.max(1, alive.length)] : undefined;
  switch (next.do) {
    case 'signIn':
      return model.signIn(next.user, next.device);
    case 'write':
      return model.write(next.from, next.to);
    case 'block':
      return model.block(next.by, next.user, next.isBlocked);
    case 'settings':
      return model.changeSettings(next.user, next.presence);
    case 'toggleMember':
      return model.toggleMember(next.group, next.user);
    case 'rename':
      return model.rename(next.user, next.name);
    case 'release':
      model.release(next.count);
      return settled();
    case 'advance':
      return model.clock.advance(next.ms);
    case 'signOut':
      if (client !== undefined) model.signOut(client);
      return;
    case 'watch':
      if (client !== undefined) model.watch(client, next.users);
      return;
    case 'unwatch':
      if (client !== undefined) model.unwatch(client, next.users);
      return;
    case 'read':
      client?.read();
  }
}

describe('Presence', () => {
  it('pushes to every watching session the state that its user may see, after any interleaving', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }), async (steps) => {
        const model = await PresenceModel.open(users);
        for (const next of steps) await run(model, next);
        expect(await model.check()).toEqual([]);
      }),
      { numRuns: Number(process.env['PRESENCE_RUNS'] ?? 300) },
    );
  }, 600_000);

  it('takes back what an earlier watch answered late when a user is watched again without an id', async () => {
    const model = await PresenceModel.open(users);
    const steps: Step[] = [
      { do: 'signIn', user: 'bob' as UserId, device: 'phone' as DeviceId },
      { do: 'signIn', user: 'alice' as UserId, device: 'phone' as DeviceId },
      { do: 'watch', client: 0, users: ['alice' as UserId] },
      { do: 'write', from: 'alice' as UserId, to: 'bob' as UserId },
      { do: 'unwatch', client: 0, users: ['alice' as UserId] },
      { do: 'release', count: 1 },
      { do: 'release', count: 1 },
      { do: 'release', count: 1 },
      { do: 'release', count: 1 },
      { do: 'signIn', user: 'carol' as UserId, device: 'phone' as DeviceId },
      { do: 'watch', client: 0, users: ['alice' as UserId] },
      { do: 'settings', user: 'alice' as UserId, presence: false },
    ];
    for (const step of steps) await run(model, step);
    expect(await model.check()).toEqual([]);
  });

  it.each([
    [
      'another group of the two once they lose one',
      ['eng bob', 'eng alice', 'ops bob', 'ops alice', 'watch', 'settle', 'eng bob'],
    ],
    ['a group once it is small again', ['eng bob', 'eng alice', 'eng carol', 'watch', 'settle', 'eng carol']],
    [
      'a group that grew and shrank while its members were read',
      ['eng bob', 'watch', 'eng alice', 'eng carol', 'eng carol'],
    ],
  ])('shows a user by %s', async (_what, steps) => {
    const model = await PresenceModel.open(users);
    const phone = 'phone' as DeviceId;
    await model.signIn('alice' as UserId, phone);
    await model.signIn('bob' as UserId, phone);
    const [alice] = model.clients;
    for (const step of steps) {
      const [id, member] = step.split(' ');
      if (step === 'settle') expect(await model.check()).toEqual([]);
      else if (member === undefined) model.watch(alice!, ['bob' as UserId]);
      else await model.toggleMember(id!, member as UserId);
    }
    expect(await model.check()).toEqual([]);
    expect(alice!.shown.get('bob' as UserId)).toMatchObject({ online: true });
  });

  it('onlineUsers is exact after 100 sign-ins and sign-outs in any order', async () => {
    const shuffled = fc.shuffledSubarray(
      Array.from({ length: 100 }, (_, index) => index),
      { minLength: 100, maxLength: 100 },
    );
    await fc.assert(
      fc.asyncProperty(shuffled, fc.nat({ max: 100 }), async (order, left) => {
        const model = await PresenceModel.open(users);
        for (const index of order) {
          await model.signIn(users[index % users.length]!, devices[index % 2]!);
          const alive = model.clients.filter(({ session }) => !session.hasEnded);
          if (index % 3 !== 0) model.signOut(alive[index % alive.length]!);
        }
        const alive = model.clients.filter(({ session }) => !session.hasEnded);
        for (const client of alive.slice(left % (alive.length + 1))) model.signOut(client);
        expect(await model.check()).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});
