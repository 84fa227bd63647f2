// What users have used is exact, wherever it is: in memory, in the table, or to be counted again.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unlimitedQuotas } from '../../../src/storage/quotas.js';
import { isAllowed } from '../quota-contract.js';
import { direct, FIRST_AT, type MessageRequest, message } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { append, openEngine } from './engine-under-test.js';

const id = fc.constantFrom('ann', 'bob', 'carl', 'dora', 'eve');
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('send' as const), from: id, to: id, size: fc.nat(40) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('place' as const), rows: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('undo' as const), from: id, to: id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);
const quotas = { ...unlimitedQuotas, channelsPerUser: 3, newPeersPerHour: 2, storedBytesPerUser: 500 };

test.each(testedDrivers)(
  'quotas are judged by all rows, whatever is placed, undone or read again at a start (%s)',
  { timeout: 300_000 },
  async (driver) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
        const { folder, remove } = await makeDataFolder();
        const open = () =>
          openEngine(folder, driver, 16, ({ message: reason }) => expect.unreachable(reason), {
            quotas,
            placeBatchRows: 8,
          });
        let engine = open();
        const stored: MessageRequest[] = [];
        for (const each of steps) {
          switch (each.do) {
            case 'send': {
              // A little after each commit, as in the storage thread.
              if (engine.isPlacingDue) engine.place(3, Number.POSITIVE_INFINITY);
              const at = FIRST_AT + stored.length * 60_000;
              const request = message(each.from, each.to, { at, body: JSON.stringify('x'.repeat(each.size)) });
              const [result] = append(engine, request);
              expect(result?.outcome).toBe(isAllowed(stored, request, quotas) ? 'stored' : 'quota');
              if (result?.outcome === 'stored') stored.push(request);
              break;
            }
            case 'place':
              engine.beginPlacing(1);
              engine.place(each.rows, Number.POSITIVE_INFINITY);
              break;
            case 'undo': {
              const wrong = message('ann', 'bob', { channel: direct('carl', 'dora') });
              expect(() => append(engine, message(each.from, each.to), wrong)).toThrow(TypeError);
              break;
            }
            case 'restart':
              engine.close();
              engine = open();
          }
        }
        engine.close();
        await remove();
      }),
      { numRuns: 12 },
    );
  },
);
