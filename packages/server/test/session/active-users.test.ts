import type { DeviceId, UserId } from '@longwire/protocol';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { describe, expect, it } from 'vitest';
import type { SessionPolicy } from '../../src/config/server-config.js';
import { ActiveUsers } from '../../src/session/active-users.js';
import { ClientSession } from '../../src/session/client-session.js';
import { OutboxBudget } from '../../src/session/limits/outbox-budget.js';
import { WrittenOutlet } from './written-outlet.js';

const rates = {
  commandsPerSecond: 10,
  sendsPerSecond: 10,
  sendBurst: 10,
  bodyBytesPerSecond: 1_000,
  bodyBytesBurst: 1_000,
  pagesPerSecond: 10,
  acksPerSecond: 10,
  signalsPerSecond: 10,
  blocksPerSecond: 1,
  searchesPerSecond: 1,
};
const alice = 'alice' as UserId;

function users(perUser: number, whenFull: SessionPolicy['whenFull'] = 'refuse-new'): [ActiveUsers, ManualClock] {
  const clock = new ManualClock();
  return [new ActiveUsers(clock, { rates, sessions: { perUser, whenFull } }), clock];
}

function session(id: string): ClientSession {
  return new ClientSession(id, new WrittenOutlet(), { outboxBytes: 1_000, inFlight: 2 }, new OutboxBudget(1_000_000));
}

describe('ActiveUsers', () => {
  it('admit ends the oldest session of the same device with 4101 at perUser, and refuses without one if whenFull is refuse-new', () => {
    const [active] = users(2);
    const [first, second, third, fourth] = ['1', '2', '3', '4'].map(session) as [
      ClientSession,
      ClientSession,
      ClientSession,
      ClientSession,
    ];
    expect(active.admit(first, alice, 'phone' as DeviceId)).toBe(true);
    expect(active.admit(second, alice, 'laptop' as DeviceId)).toBe(true);
    expect(active.admit(third, alice, 'tablet' as DeviceId)).toBe(false);
    expect(active.admit(fourth, alice, 'phone' as DeviceId)).toBe(true);
    expect([first.endedWith, second.endedWith, third.endedWith, fourth.endedWith]).toEqual([
      4101,
      undefined,
      undefined,
      undefined,
    ]);
    expect(active.sessionsOf(alice)).toEqual([first, second, fourth]);
    active.leave(first);
    expect(active.sessionsOf(alice)).toEqual([second, fourth]);
  });

  it('admit ends the oldest session of all with 4101 if whenFull is replace-oldest, but first one of the same device', () => {
    const [active] = users(2, 'replace-oldest');
    const devices = ['phone', 'laptop', 'tablet', 'laptop', 'phone'];
    const sessions = devices.map((_, index) => session(`${index}`));
    const alive: string[] = [];
    for (const [index, one] of sessions.entries()) {
      expect(active.admit(one, alice, devices[index] as DeviceId)).toBe(true);
      const live = active.sessionsOf(alice).filter(({ hasEnded }) => !hasEnded);
      alive.push(live.map(({ id }) => id).join());
    }
    // The tablet replaces the phone, the laptop itself, the phone the tablet.
    expect(alive).toEqual(['0', '0,1', '1,2', '2,3', '3,4']);
    expect(sessions.map(({ endedWith }) => endedWith)).toEqual([4101, 4101, 4101, undefined, undefined]);
  });

  it('a replaced session that leaves late takes nothing from the one in its place', () => {
    const [active] = users(1);
    const [old, present] = [session('old'), session('present')];
    active.admit(old, alice, 'phone' as DeviceId);
    active.admit(present, alice, 'phone' as DeviceId);
    active.leave(old);
    active.leave(old);
    expect(active.sessionsOf(alice)).toEqual([present]);
  });

  it('the sessions of a user share its rates, and coming back at once gives no new ones', () => {
    const [active, clock] = users(5);
    const [one, other, again] = [session('one'), session('other'), session('again')];
    active.admit(one, alice, 'phone' as DeviceId);
    active.admit(other, alice, 'laptop' as DeviceId);
    for (let n = 0; n < 10; n++) expect(one.rates!.admit('send', 10, clock.monotonicMs())).toBeUndefined();
    expect(other.rates!.admit('send', 10, clock.monotonicMs())).toEqual({
      afterMs: 100,
      limit: 'limits.sendsPerSecond',
    });
    active.leave(one);
    active.leave(other);
    active.sweep();
    active.admit(again, alice, 'phone' as DeviceId);
    expect(again.rates!.admit('send', 10, clock.monotonicMs())).toEqual({
      afterMs: 100,
      limit: 'limits.sendsPerSecond',
    });
  });

  it('sweep forgets a user without a session once its buckets are full again', () => {
    const [active, clock] = users(5);
    const one = session('one');
    active.admit(one, alice, 'phone' as DeviceId);
    one.rates!.admit('send', 10, clock.monotonicMs());
    active.leave(one);
    expect(active.size).toBe(1);
    clock.advanceSync(1_000);
    active.sweep();
    expect(active.size).toBe(0);
  });
});
