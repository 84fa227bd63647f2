// Rows whose key was damaged, each of them in turn: SQLite neither finds them nor says that they are there.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseDriver } from '../../../src/storage/sqlite/driver/choose-driver.js';
import { SqlFailure } from '../../../src/storage/sqlite/driver/sql-database.js';
import { KeyedRows, KeyOrder } from '../../../src/storage/sqlite/tables/keyed-rows.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';

const ROWS = 12;
const SLICE = 5;
/** Of a row: three columns, of which the first is the number 1 without a byte of its own, and the others take one byte each. */
const HEAD_OF_ROW = Buffer.from([4, 9, 1, 1]);

describe.each(testedDrivers)('KeyedRows, through %s,', (driver) => {
  let folder: string;
  let file: string;
  let remove: () => Promise<void>;

  beforeEach(async () => {
    ({ folder, remove } = await makeDataFolder());
    file = join(folder, 'rows.db');
    const database = chooseDriver(driver)(file);
    database.exec(
      'CREATE TABLE rows (key INTEGER NOT NULL, channel INTEGER NOT NULL, value INTEGER, PRIMARY KEY (key, channel)) WITHOUT ROWID',
    );
    const insert = database.prepare('INSERT INTO rows VALUES (?,?,?)');
    for (let channel = 2; channel < ROWS + 2; channel += 1) insert.run([1, channel, channel + 50]);
    for (let channel = 2; channel < ROWS + 2; channel += 1) insert.run([3, channel, channel + 50]);
    database.close();
  });
  afterEach(() => remove());

  /** What a reader of slices sees of key 1: the rows that are as they were written, and how often it met another one. */
  function read(): { readonly right: number[]; readonly wrong: number } {
    const database = chooseDriver(driver)(file);
    const rows = new KeyedRows(database, 'rows', 'key', 'value');
    const right: number[] = [];
    let wrong = 0;
    for (let after = 0; ; ) {
      const slice = rows.slice(1, after, SLICE);
      const seen = [...slice.before, ...slice.rows];
      const keyed = (row: (typeof seen)[number]) => ({ key: Number(row['key']), channel: Number(row['channel']) });
      const isWhole = ({ key, channel, value }: (typeof seen)[number]) =>
        [1, 3].includes(Number(key)) && Number(value) === Number(channel) + 50;
      wrong += seen.filter((row) => !isWhole(row)).length;
      try {
        KeyOrder.expectBelow({ key: 1, channel: after }, slice.before.filter(isWhole).map(keyed));
        const order = new KeyOrder({ key: 1, channel: after });
        for (const row of slice.rows.filter(isWhole)) order.expectNext(keyed(row));
      } catch {
        wrong += 1;
      }
      if (slice.isBroken) wrong += 1;
      const next = slice.rows
        .filter(isWhole)
        .map(keyed)
        .filter(({ key, channel }) => key === 1 && channel > after)
        .map(({ channel }) => channel);
      right.push(...next);
      if (next.length === 0) break;
      after = next.at(-1)!;
    }
    database.close();
    return { right, wrong };
  }

  it('returns every row once, in slices', () => {
    expect(read()).toEqual({ right: Array.from({ length: ROWS }, (_, at) => at + 2), wrong: 0 });
  });

  it('shows that a row has another key by one bit, wherever it stands', () => {
    const intact = readFileSync(file);
    const places: number[] = [];
    for (let at = intact.indexOf(HEAD_OF_ROW); at >= 0; at = intact.indexOf(HEAD_OF_ROW, at + 1)) places.push(at);
    expect(places).toHaveLength(ROWS);
    for (const place of places) {
      // The type of the key: it becomes the number 0, NULL, a float, text or bytes.
      for (let bit = 0; bit < 8; bit += 1) {
        const damaged = Buffer.from(intact);
        damaged[place + 1]! ^= 1 << bit;
        writeFileSync(file, damaged);
        expect([place, bit, isNoticed()]).toEqual([place, bit, true]);
      }
    }
  });

  /** SQLite may find out by itself. */
  function isNoticed(): boolean {
    try {
      return read().wrong > 0;
    } catch (error) {
      return error instanceof SqlFailure && error.kind === 'corrupt';
    }
  }
});

describe('KeyOrder', () => {
  it('expectNext throws corrupt for a row at or below the one before it, and accepts any other', () => {
    const order = new KeyOrder({ key: 2, channel: 4 });
    order.expectNext({ key: 2, channel: 5 });
    order.expectNext({ key: 3, channel: 1 });
    for (const row of [
      { key: 3, channel: 1 },
      { key: 2, channel: 9 },
    ]) {
      expect(() => order.expectNext(row)).toThrow(/stands out of order/);
    }
  });

  it('expectBelow throws corrupt for rows in front of a place that are not below it, or not descending', () => {
    const place = { key: 2, channel: 4 };
    KeyOrder.expectBelow(place, [place, { key: 1, channel: 9 }]);
    for (const before of [
      [{ key: 2, channel: 5 }],
      [
        { key: 1, channel: 1 },
        { key: 1, channel: 2 },
      ],
    ]) {
      expect(() => KeyOrder.expectBelow(place, before)).toThrow(/stands out of order/);
    }
  });
});
