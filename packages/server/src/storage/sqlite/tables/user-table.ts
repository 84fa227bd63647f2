// Users by name: the small numbers that rows carry instead of ids.

import { GenerationCache } from '../../../runtime/generation-cache.js';
import {
  integerOf,
  newestNumber,
  type SqlDatabase,
  type SqlRow,
  type SqlStatement,
  textOf,
} from '../driver/sql-database.js';
import { expectChecksum, IndexNeighbours, rowChecksum } from '../row-checks.js';

const CACHED_USERS = 65_536;

export class UserTable {
  readonly #byName: SqlStatement;
  readonly #neighbours: IndexNeighbours;
  readonly #insert: SqlStatement;
  readonly #newest: SqlStatement;
  readonly #numbers = new GenerationCache<string, number>(CACHED_USERS);
  #nextNumber: number | undefined;

  constructor(database: SqlDatabase) {
    const columns = 'id, name, announcements_from, created_at, crc';
    this.#byName = database.prepare(`SELECT ${columns} FROM user WHERE name = ?`);
    this.#neighbours = new IndexNeighbours(database, 'user', ['name']);
    this.#insert = database.prepare(`INSERT INTO user (${columns}) VALUES (?,?,?,?,?)`);
    this.#newest = database.prepare('SELECT max(id) AS id FROM user');
  }

  /** @throws ServerError `corrupt` */
  find(name: string): number | undefined {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const row = this.#byName.get([name]);
    if (row === undefined) {
      this.#neighbours.expectRight([name]);
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
    // No announcement exists in this version: all users will see them from the first.
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
  const actual = rowChecksum(
    integerOf(row, 'id'),
    name,
    integerOf(row, 'announcements_from'),
    integerOf(row, 'created_at'),
  );
  expectChecksum(integerOf(row, 'crc'), actual, `the row of user ${name}`);
}
