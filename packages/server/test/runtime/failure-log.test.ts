import { ManualClock } from '@longwire/test-support/manual-clock';
import { expect, it } from 'vitest';
import { ServerError } from '../../src/errors.js';
import { FAILURE_INTERVAL_MS, FailureLog } from '../../src/runtime/failure-log.js';
import type { LogFields, Logger } from '../../src/runtime/logger.js';

function open(): [FailureLog, ManualClock, (readonly [string, LogFields])[]] {
  const clock = new ManualClock();
  const lines: (readonly [string, LogFields])[] = [];
  const logger = { error: (fields: LogFields, message: string) => lines.push([message, fields]) } as unknown as Logger;
  return [new FailureLog(logger, clock), clock, lines];
}

const full = () => new ServerError('storage_full', 'no space');

it('report logs the first failure of a kind at once, and those of the second after it as one line with their count', () => {
  const [failures, clock, lines] = open();
  for (let n = 0; n < 1_000; n++) failures.report('an append failed', full());
  expect(lines).toEqual([['an append failed', { code: 'storage_full', reason: 'no space' }]]);
  clock.advanceSync(FAILURE_INTERVAL_MS);
  expect(lines[1]).toEqual(['an append failed', { code: 'storage_full', reason: 'no space', count: 999 }]);
  for (let n = 0; n < 5; n++) failures.report('an append failed', full());
  expect(lines).toHaveLength(2);
  clock.advanceSync(FAILURE_INTERVAL_MS);
  expect(lines[2]?.[1]).toMatchObject({ count: 5 });
  clock.advanceSync(10 * FAILURE_INTERVAL_MS);
  expect(lines).toHaveLength(3);
  expect(clock.timers).toBe(0);
});

it('report keeps kinds apart by message and code, and gives the stack of what is in no catalogue', () => {
  const [failures, , lines] = open();
  const fault = new TypeError('undefined is not a function');
  failures.report('an append failed', full());
  failures.report('an append failed', new ServerError('corrupt', 'damaged'));
  failures.report('sign-in failed', fault, { session: 's1' });
  expect(lines.map(([, fields]) => fields)).toEqual([
    { code: 'storage_full', reason: 'no space' },
    { code: 'corrupt', reason: 'damaged' },
    { session: 's1', err: fault },
  ]);
});
