import { describe, expect, it } from 'vitest';
import { type RatedKind, rateTable, UserRates } from '../../../src/session/limits/user-rates.js';

const limits = {
  commandsPerSecond: 20,
  sendsPerSecond: 2,
  sendBurst: 4,
  bodyBytesPerSecond: 100,
  bodyBytesBurst: 1_000,
  pagesPerSecond: 5,
  acksPerSecond: 3,
  signalsPerSecond: 2,
  blocksPerSecond: 1,
  searchesPerSecond: 1,
};

function admitted(rates: UserRates, kind: RatedKind | undefined, bytes = 1): number {
  let count = 0;
  while (rates.admit(kind, bytes, 0) === undefined) count += 1;
  return count;
}

describe('UserRates', () => {
  it.each([
    ['send', limits.sendBurst],
    ['page', 2 * limits.pagesPerSecond],
    ['ack', 5 * limits.acksPerSecond],
    ['signal', 2 * limits.signalsPerSecond],
    ['block', 10 * limits.blocksPerSecond],
    ['search', 2 * limits.searchesPerSecond],
    [undefined, 2 * limits.commandsPerSecond],
  ] as const)('admits a burst of %s commands at once: %i', (kind, burst) => {
    expect(admitted(new UserRates(rateTable(limits)), kind)).toBe(burst);
  });

  it('counts every command by its bytes, and says when there is room for so many', () => {
    const rates = new UserRates(rateTable(limits));
    expect(admitted(rates, undefined, 400)).toBe(2);
    expect(rates.admit('ack', 300, 0)).toEqual({ afterMs: 1_000, limit: 'limits.bodyBytesPerSecond' });
    expect(rates.admit('ack', 300, 1_000)).toBeUndefined();
  });

  it('counts a refused command as a command, and takes nothing else for it', () => {
    const rates = new UserRates(rateTable(limits));
    for (let n = 0; n < 2 * limits.commandsPerSecond; n++) rates.admit('send', 1, 0);
    expect(rates.admit(undefined, 1, 0)).toEqual({ afterMs: 50, limit: 'limits.commandsPerSecond' });
    // Four sends were taken; those that were not have cost no bytes.
    expect(rates.admit(undefined, 1_000 - 4, 500)).toBeUndefined();
  });

  it('counts an ack once for each 2 KiB of it, and takes the largest ack there is all the same', () => {
    const rates = new UserRates(rateTable({ ...limits, bodyBytesBurst: 1_000_000 }));
    expect(admitted(rates, 'ack', 5 * 2_048)).toBe(3);
    expect(rates.admit('ack', 131_072, 5_000)).toBeUndefined();
    expect(rates.admit('ack', 1, 5_000)).toEqual({ afterMs: 334, limit: 'limits.acksPerSecond' });
  });

  it('admitRefusal turns false when more is refused than commandsPerSecond', () => {
    const rates = new UserRates(rateTable(limits));
    const answered = Array.from({ length: 50 }, () => rates.admitRefusal(0)).filter(Boolean).length;
    expect(answered).toBe(2 * limits.commandsPerSecond);
    expect(rates.isFull(0)).toBe(false);
    expect(rates.isFull(2_000)).toBe(true);
  });
});
