// Users by name: the small numbers that rows carry instead of ids.

import { ServerError } from '../../../errors.js';
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

/** A user as the table has them. */
export interface UserRow {
  readonly number: number;
  readonly name: string;
  /** First offset of the announcements that the user gets; 0: from the first. */
  readonly announcementsFrom: number;
}

export class UserTable {
  readonly #byName: SqlStatement;
  readonly #byNumber: SqlStatement;
  readonly #neighbours: IndexNeighbours;
  readonly #insert: SqlStatement;
  readonly #newest: SqlStatement;
  readonly #numbers = new GenerationCache<string, number>(CACHED_USERS);
  readonly #names = new GenerationCache<number, string>(CACHED_USERS);
  #nextNumber: number | undefined;
  /** The newest announcement: new users get those after it. */
  announcementsHead: () => number = () => 0;

  constructor(database: SqlDatabase) {
    const columns = 'id, name, announcements_from, created_at, crc';
    this.#byName = database.prepare(`SELECT ${columns} FROM user WHERE name = ?`);
    this.#byNumber = database.prepare(`SELECT ${columns} FROM user WHERE id = ?`);
    this.#neighbours = new IndexNeighbours(database, 'user', ['name']);
    this.#insert = database.prepare(`INSERT INTO user (${columns}) VALUES (?,?,?,?,?)`);
    this.#newest = database.prepare('SELECT max(id) AS id FROM user');
  }

  /** @throws ServerError `corrupt` */
  find(name: string): number | undefined {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.read(name)?.number;
    if (number !== undefined) this.#numbers.set(name, number);
    return number;
  }

  /**
   * The row as it is in the table.
   * @throws ServerError `corrupt`
   */
  read(name: string): UserRow | undefined {
    const row = this.#byName.get([name]);
    if (row !== undefined) return verified(row);
    this.#neighbours.expectRight([name]);
    return undefined;
  }

  /** @throws ServerError `corrupt`: there is no such number */
  nameOf(number: number): string {
    const known = this.#names.get(number);
    if (known !== undefined) return known;
    const row = this.#byNumber.get([number]);
    if (row === undefined) throw new ServerError('corrupt', `user number ${number} has no row`);
    const { name } = verified(row);
    this.#names.set(number, name);
    return name;
  }

  /** Finds or creates; inside a transaction. */
  ensure(name: string, at: number): number {
    const known = this.find(name);
    if (known !== undefined) return known;
    this.#nextNumber ??= newestNumber(this.#newest) + 1;
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const head = this.announcementsHead();
    const announcementsFrom = head === 0 ? 0 : head + 1;
    this.#insert.run([number, name, announcementsFrom, at, rowChecksum(number, name, announcementsFrom, at)]);
    this.#numbers.set(name, number);
    return number;
  }

  /** After a rollback nothing that was created in the transaction may be remembered. */
  forgetAll(): void {
    this.#numbers.clear();
    this.#names.clear();
    this.#nextNumber = undefined;
  }
}

function verified(row: SqlRow): UserRow {
  const number = integerOf(row, 'id');
  const name = textOf(row, 'name');
  const announcementsFrom = integerOf(row, 'announcements_from');
  const actual = rowChecksum(number, name, announcementsFrom, integerOf(row, 'created_at'));
  expectChecksum(integerOf(row, 'crc'), actual, `the row of user ${name}`);
  return { number, name, announcementsFrom };
}
