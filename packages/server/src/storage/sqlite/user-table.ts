// Users by name: the small numbers that rows carry instead of ids.

import { StorageError } from '../storage-error.js';
import { integerOf, type SqlDatabase, type SqlRow, type SqlStatement, textOf } from './driver/sql-database.js';
import { GenerationCache } from './generation-cache.js';
import { newestNumber } from './newest-number.js';
import { expectChecksum, isHiddenRow, rowChecksum } from './row-checksum.js';

const CACHED_USERS = 65_536;

export class UserTable {
  readonly #byName: SqlStatement;
  readonly #before: SqlStatement;
  readonly #after: SqlStatement;
  readonly #insert: SqlStatement;
  readonly #newest: SqlStatement;
  readonly #numbers = new GenerationCache<string, number>(CACHED_USERS);
  #nextNumber: number | undefined;

  constructor(database: SqlDatabase) {
    const columns = 'id, name, announcements_from, created_at, crc';
    this.#byName = database.prepare(`SELECT ${columns} FROM user WHERE name = ?`);
    this.#before = database.prepare(`SELECT ${columns} FROM user WHERE name < ? ORDER BY name DESC LIMIT 1`);
    this.#after = database.prepare(`SELECT ${columns} FROM user WHERE name > ? ORDER BY name LIMIT 1`);
    this.#insert = database.prepare(`INSERT INTO user (${columns}) VALUES (?,?,?,?,?)`);
    this.#newest = database.prepare('SELECT max(id) AS id FROM user');
  }

  /** @throws StorageError `corrupt` */
  find(name: string): number | undefined {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const row = this.#byName.get([name]);
    if (row === undefined) {
      // A damaged index hides names. The name asked for would stand between these two, so damage there shows in them.
      for (const neighbour of [this.#before.get([name]), this.#after.get([name])]) {
        if (neighbour === undefined) continue;
        if (isHiddenRow(neighbour['crc'], () => checksumOf(neighbour, name))) throw brokenNames(name);
      }
      return undefined;
    }
    verify(row);
    const number = integerOf(row, 'id');
    this.#numbers.set(name, number);
    return number;
  }

  /** Finds or creates; inside a transaction. */
  ensure(name: string, at: number): number {
    const known = this.find(name);
    if (known !== undefined) return known;
    this.#nextNumber ??= newestNumber(this.#newest) + 1;
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    // No announcement exists in this version: everybody will see them from the first.
    this.#insert.run([number, name, 0, at, rowChecksum(number, name, 0, at)]);
    this.#numbers.set(name, number);
    return number;
  }

  /** After a rollback nothing that was created in the transaction may be remembered. */
  forgetAll(): void {
    this.#numbers.clear();
    this.#nextNumber = undefined;
  }
}

function verify(row: SqlRow): void {
  const name = textOf(row, 'name');
  expectChecksum(integerOf(row, 'crc'), checksumOf(row, name), `the row of user ${name}`);
}

function checksumOf(row: SqlRow, name: string): number {
  return rowChecksum(integerOf(row, 'id'), name, integerOf(row, 'announcements_from'), integerOf(row, 'created_at'));
}

function brokenNames(name: string): StorageError {
  return new StorageError('corrupt', `user ${name}: the index of users is damaged; restore the store from a backup`);
}
