import { describe, expect, it } from 'vitest';
import { EncodedPush } from '../../src/delivery/encoded-push.js';
import type { RoomWaiter } from '../../src/delivery/log-reader.js';
import { OutboxBudget } from '../../src/session/limits/outbox-budget.js';
import { Outbox } from '../../src/session/outbox.js';
import { WrittenOutlet } from './written-outlet.js';

function open(
  maxBytes: number,
  budget: OutboxBudget,
): { outbox: Outbox; outlet: WrittenOutlet; isGivenUp: () => boolean } {
  const outlet = new WrittenOutlet();
  let isGivenUp = false;
  const outbox = new Outbox(outlet, maxBytes, budget, () => {
    isGivenUp = true;
    outlet.discard(4004);
  });
  return { outbox, outlet, isGivenUp: () => isGivenUp };
}

const pushOf = (bytes: number) => new EncodedPush('x'.repeat(bytes));

/** Offers pushes of its size, as often as there is room. */
function sizedWaiter(outbox: Outbox, bytes: number): RoomWaiter & { taken: number } {
  const waiter = {
    taken: 0,
    onRoom: () => {
      while (outbox.offer(pushOf(bytes), waiter)) waiter.taken += 1;
    },
  };
  return waiter;
}

describe('Outbox', () => {
  it('takes anything while it is empty, and then what fits into maxBytes', () => {
    const { outbox, outlet } = open(1_000, new OutboxBudget(1_000_000));
    const waiter = sizedWaiter(outbox, 1);
    expect(outbox.hasRoomFor(5_000, waiter)).toBe(true);
    outlet.bufferedBytes = 400;
    expect(outbox.hasRoomFor(600, waiter)).toBe(true);
    expect(outbox.hasRoomFor(601, waiter)).toBe(false);
  });

  it('takes no more than all outboxes have left of three quarters of maxBytes, unless it is empty', () => {
    const budget = new OutboxBudget(1_000);
    const large = open(1_000, budget);
    large.outbox.queue(pushOf(650));
    const { outbox, outlet } = open(1_000, budget);
    const waiter = sizedWaiter(outbox, 1);
    expect(outbox.hasRoomFor(600, waiter)).toBe(true);
    outlet.bufferedBytes = 50;
    expect(outbox.hasRoomFor(50, waiter)).toBe(true);
    expect(outbox.hasRoomFor(51, waiter)).toBe(false);
  });

  it('calls those whom it refused in turn, and each of them while there is room for what it asked', () => {
    const { outbox, outlet } = open(1_000, new OutboxBudget(1_000_000));
    const [large, small] = [sizedWaiter(outbox, 900), sizedWaiter(outbox, 100)];
    large.onRoom();
    expect(large.taken).toBe(1);
    small.onRoom();
    // Nothing passes the large one, although the small one would fit.
    expect(small.taken).toBe(0);
    outlet.writeUntil(400);
    expect([large.taken, small.taken]).toEqual([1, 0]);
    outlet.writeUntil(0);
    expect([large.taken, small.taken]).toEqual([2, 1]);
    outlet.writeUntil(0);
    expect([large.taken, small.taken]).toEqual([3, 2]);
  });

  it('makes no call once it is closed', () => {
    const { outbox, outlet } = open(1_000, new OutboxBudget(1_000_000));
    const waiter = sizedWaiter(outbox, 900);
    waiter.onRoom();
    outbox.close();
    outlet.writeUntil(0);
    expect(waiter.taken).toBe(1);
  });
});

describe('OutboxBudget', () => {
  const fill = (budget: OutboxBudget) =>
    [100, 3_000, 200, 6_000, 2_000].map((bytes) => {
      const session = open(1_000_000, budget);
      session.outbox.queue(pushOf(bytes));
      return session;
    });

  it('gives up the largest outboxes when what all hold at two counts is more than maxBytes', () => {
    const budget = new OutboxBudget(10_000);
    const sessions = fill(budget);
    budget.count();
    expect(budget.givenUp).toBe(0);
    budget.count();
    expect(sessions.map(({ isGivenUp }) => isGivenUp())).toEqual([false, false, false, true, false]);
    expect([budget.givenUp, budget.takeGivenUp(), budget.takeGivenUp(), budget.freeBytes]).toEqual([1, 1, 0, 2_200]);
  });

  it('gives up none for what was queued since the last count, or was written', () => {
    const budget = new OutboxBudget(10_000);
    const sessions = fill(budget);
    budget.count();
    for (const { outbox, outlet } of sessions) {
      outlet.writeUntil(0);
      outbox.queue(pushOf(100));
    }
    for (let messages = 0; messages < 100; messages += 1) sessions[0]!.outbox.queue(pushOf(1_000));
    budget.count();
    expect(budget.givenUp).toBe(0);
  });

  it('forgets outboxes that were written, and counts them again with what they queue next', () => {
    const budget = new OutboxBudget(10_000);
    const { outbox, outlet } = open(1_000_000, budget);
    outbox.queue(pushOf(4_000));
    outlet.writeUntil(0);
    budget.count();
    expect(budget.freeBytes).toBe(7_500);
    outbox.queue(pushOf(100));
    expect(budget.freeBytes).toBe(7_400);
    budget.count();
    expect(budget.freeBytes).toBe(7_400);
  });
});
