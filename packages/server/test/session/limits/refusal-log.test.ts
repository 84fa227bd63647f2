import type { UserId } from '@longwire/protocol';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/runtime/logger.js';
import { RefusalCounter } from '../../../src/runtime/refusal-counter.js';
import { RefusalLog } from '../../../src/session/limits/refusal-log.js';

const refusal = { code: 'unauthenticated', message: 'The issuer (iss) is missing', claim: 'iss' } as const;

describe('RefusalLog', () => {
  let clock: ManualClock;
  let lines: string[];
  let log: RefusalLog;
  let counter: RefusalCounter;
  beforeEach(() => {
    clock = new ManualClock();
    counter = new RefusalCounter();
    lines = [];
    const destination = { write: (line: string) => lines.push(line) };
    log = new RefusalLog(clock, createLogger({ level: 'info', destination, color: false }), counter);
  });
  const logged = () => lines.map((line) => JSON.parse(line));

  it('writes address, code, claim and reason at level info', () => {
    log.report('credentials', { address: '192.0.2.1' }, refusal);
    expect(logged()).toMatchObject([
      { level: 30, address: '192.0.2.1', code: 'unauthenticated', claim: 'iss', reason: refusal.message },
    ]);
  });

  it('writes one line per second and caller, with the number of refusals that have none', () => {
    for (let count = 0; count < 5; count += 1) log.report('credentials', { address: '192.0.2.1' }, refusal);
    log.report('credentials', { address: '2001:db8::1' }, refusal);
    log.report('credentials', { address: '2001:db8::2' }, refusal);
    log.report('credentials', { user: 'alice' as UserId }, refusal);
    expect(logged().map(({ address, user, suppressed }) => [address ?? user, suppressed])).toEqual([
      ['192.0.2.1', undefined],
      ['2001:db8::1', 4],
      ['alice', 1],
    ]);
    clock.advanceSync(1_000);
    log.report('credentials', { address: '192.0.2.1' }, refusal);
    expect(lines).toHaveLength(4);
  });

  it('writes at most 100 lines per second over all addresses', () => {
    for (let host = 0; host < 250; host += 1) log.report('credentials', { address: `192.0.2.${host}` }, refusal);
    expect(lines).toHaveLength(100);
    expect(counter.counts.credentials).toBe(250);
    clock.advanceSync(1_000);
    log.report('credentials', { address: '192.0.2.1' }, refusal);
    expect(logged().at(-1)).toMatchObject({ suppressed: 150 });
  });
});
