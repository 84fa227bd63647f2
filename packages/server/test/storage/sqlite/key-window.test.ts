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
  const window = new KeyWindow(4, 8);
  const rows = new Map<number, string>();
  for (let row = 1; row <= 10; row += 1) {
    rows.set(row, `key-${row}`);
    add(window, `key-${row}`, row);
    window.commit();
  }
  expect(window.size).toBe(4);
  expect(window.floor).toBe(7);
  expect(rowOf(window, rows, 'key-6')).toBeUndefined();
  for (let row = 7; row <= 10; row += 1) expect(rowOf(window, rows, `key-${row}`)).toBe(row);
});

test('sender and channel are part of the hash', () => {
  const window = new KeyWindow(16, 1);
  const { low, high } = window.hash(1, 2, 'k');
  window.add(low, high, 1);
  expect(window.find(window.hash(1, 2, 'k'), always)).toBe(1);
  expect(window.find(window.hash(2, 1, 'k'), always)).toBeUndefined();
  expect(window.find(window.hash(1, 3, 'k'), always)).toBeUndefined();
  expect(window.find(window.hash(1 + 2 ** 32, 2, 'k'), always)).toBeUndefined();
});

test('any mix of commits and rollbacks knows exactly what a list knows', () => {
  const transaction = fc.record({ adds: fc.integer({ min: 0, max: 20 }), isCommitted: fc.boolean() });
  fc.assert(
    fc.property(fc.array(transaction, { maxLength: 40 }), (transactions) => {
      const window = new KeyWindow(16, 20);
      const rows = new Map<number, string>();
      let list: number[] = [];
      let row = 0;
      for (const { adds, isCommitted } of transactions) {
        const before = list;
        for (let count = 0; count < adds; count += 1) {
          row += 1;
          rows.set(row, `key-${row}`);
          add(window, `key-${row}`, row);
          list = [...list, row];
        }
        // Until the commit nothing is forgotten.
        for (const known of list) expect(rowOf(window, rows, rows.get(known)!)).toBe(known);
        if (isCommitted) window.commit();
        else window.dropNewest(adds);
        list = isCommitted ? list.slice(-16) : before;
        expect(window.size).toBe(list.length);
        for (const [known, key] of rows) {
          expect(rowOf(window, rows, key)).toBe(list.includes(known) ? known : undefined);
        }
      }
    }),
    { numRuns: 100 },
  );
});
