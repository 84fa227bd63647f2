import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyWindow } from '../../../src/storage/sqlite/appending/key-window.js';

const always = () => true;

/** Finds the row that carries exactly this key, as the caller's comparison with the row would. */
function rowOf(window: KeyWindow, rows: ReadonlyMap<number, string>, key: string): number | undefined {
  return window.find(window.hash(1, 1, key), (row) => rows.get(row) === key);
}

function add(window: KeyWindow, key: string, row: number): void {
  const { low, high } = window.hash(1, 1, key);
  window.add(low, high, row);
}

test('a full window knows the newest keys and says from which row on it knows all', () => {
  const window = new KeyWindow(4);
  const rows = new Map<number, string>();
  for (let row = 1; row <= 10; row += 1) {
    rows.set(row, `key-${row}`);
    add(window, `key-${row}`, row);
  }
  expect(window.size).toBe(4);
  expect(window.floor).toBe(7);
  expect(rowOf(window, rows, 'key-6')).toBeUndefined();
  for (let row = 7; row <= 10; row += 1) expect(rowOf(window, rows, `key-${row}`)).toBe(row);
});

test('sender and channel are part of the hash', () => {
  const window = new KeyWindow(16);
  const { low, high } = window.hash(1, 2, 'k');
  window.add(low, high, 1);
  expect(window.find(window.hash(1, 2, 'k'), always)).toBe(1);
  expect(window.find(window.hash(2, 1, 'k'), always)).toBeUndefined();
  expect(window.find(window.hash(1, 3, 'k'), always)).toBeUndefined();
  expect(window.find(window.hash(1 + 2 ** 32, 2, 'k'), always)).toBeUndefined();
});

test('any mix of additions and take-backs knows exactly what a list knows', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 20 }) }) },
    { weight: 1, arbitrary: fc.record({ dropNewest: fc.integer({ min: 1, max: 5 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const window = new KeyWindow(16);
      const rows = new Map<number, string>();
      let list: number[] = [];
      let row = 0;
      for (const action of steps) {
        if ('add' in action) {
          for (let count = 0; count < action.add; count += 1) {
            row += 1;
            rows.set(row, `key-${row}`);
            add(window, `key-${row}`, row);
            list.push(row);
          }
          list = list.slice(-16);
        } else {
          const count = Math.min(action.dropNewest, list.length);
          window.dropNewest(count);
          list = list.slice(0, list.length - count);
        }
        expect(window.size).toBe(list.length);
        for (const [known, key] of rows) {
          expect(rowOf(window, rows, key)).toBe(list.includes(known) ? known : undefined);
        }
      }
    }),
    { numRuns: 100 },
  );
});
