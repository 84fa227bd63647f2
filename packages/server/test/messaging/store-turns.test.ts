import type { UserId } from '@longwire/protocol';
import { describe, expect, it } from 'vitest';
import { StoreTurns } from '../../src/messaging/store-turns.js';
import { RefusalCounter } from '../../src/runtime/refusal-counter.js';

describe('StoreTurns', () => {
  it('rejects with overloaded, and counts limits.storeCalls, when more calls wait than that', async () => {
    const refusals = new RefusalCounter();
    const turns = new StoreTurns(2, refusals);
    const user = 'alice' as UserId;
    let finish = () => {};
    const first = turns.run(user, () => new Promise<void>((resolve) => (finish = resolve)));
    const waiting = [turns.run(user, async () => 1), turns.run(user, async () => 2)];
    await expect(turns.run(user, async () => 3)).rejects.toMatchObject({ code: 'overloaded' });
    expect(refusals.counts['limits.storeCalls']).toBe(1);
    finish();
    await first;
    expect(await Promise.all(waiting)).toEqual([1, 2]);
    expect(await turns.run(user, async () => 4)).toBe(4);
  });
});
