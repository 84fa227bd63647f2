// Names that rows carry as small numbers: kinds of entries, and applications.

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

const CACHED_NAMES = 4_096;

export class Dictionary {
  readonly #table: string;
  /** Names that need no row, by their numbers from 1. */
  readonly #fixed: readonly string[];
  readonly #byName: SqlStatement;
  readonly #byNumber: SqlStatement;
  readonly #neighbours: IndexNeighbours;
  readonly #insert: SqlStatement;
  readonly #newest: SqlStatement;
  readonly #numbers = new GenerationCache<string, number>(CACHED_NAMES);
  readonly #names = new GenerationCache<number, string>(CACHED_NAMES);

  constructor(database: SqlDatabase, table: 'kind' | 'application', fixed: readonly string[] = []) {
    this.#table = table;
    this.#fixed = fixed;
    this.#byName = database.prepare(`SELECT id, name, crc FROM ${table} WHERE name = ?`);
    this.#byNumber = database.prepare(`SELECT id, name, crc FROM ${table} WHERE id = ?`);
    this.#neighbours = new IndexNeighbours(database, table, ['name']);
    this.#insert = database.prepare(`INSERT INTO ${table} (id, name, crc) VALUES (?,?,?)`);
    this.#newest = database.prepare(`SELECT max(id) AS id FROM ${table}`);
  }

  /** @throws ServerError `corrupt` */
  find(name: string): number | undefined {
    const fixed = this.#fixed.indexOf(name) + 1;
    const known = fixed > 0 ? fixed : this.#numbers.get(name);
    if (known !== undefined) return known;
    const row = this.#byName.get([name]);
    if (row !== undefined) return this.#remember(row).number;
    this.#neighbours.expectRight([name]);
    return undefined;
  }

  /** Finds or creates; inside a transaction. */
  ensure(name: string): number {
    const known = this.find(name);
    if (known !== undefined) return known;
    const number = Math.max(newestNumber(this.#newest), this.#fixed.length) + 1;
    this.#insert.run([number, name, rowChecksum(number, name)]);
    this.#numbers.set(name, number);
    return number;
  }

  /** @throws ServerError `corrupt`: there is no such number */
  nameOf(number: number): string {
    const known = this.#fixed[number - 1] ?? this.#names.get(number);
    if (known !== undefined) return known;
    const row = this.#byNumber.get([number]);
    if (row !== undefined) return this.#remember(row).name;
    throw new ServerError(
      'corrupt',
      `the table ${this.#table} has no number ${number}; restore the store from a backup`,
    );
  }

  /** After a rollback nothing that was created in the transaction may be remembered. */
  forgetAll(): void {
    this.#numbers.clear();
    this.#names.clear();
  }

  #remember(row: SqlRow): { readonly number: number; readonly name: string } {
    const number = integerOf(row, 'id');
    const name = textOf(row, 'name');
    expectChecksum(integerOf(row, 'crc'), rowChecksum(number, name), `the row of ${this.#table} ${name}`);
    this.#numbers.set(name, number);
    this.#names.set(number, name);
    return { number, name };
  }
}
