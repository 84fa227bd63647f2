// The table `slot`: the row with the newest entry of each slot of a channel in which newer ones replace older ones. What it says
// is checked against the row itself.

import { integerOf, type SqlDatabase, type SqlStatement } from '../driver/sql-database.js';

export class SlotTable {
  readonly #find: SqlStatement;
  readonly #put: SqlStatement;
  readonly #drop: SqlStatement;

  constructor(database: SqlDatabase) {
    this.#find = database.prepare('SELECT seq FROM slot WHERE channel = ? AND name = ?');
    this.#put = database.prepare('INSERT OR REPLACE INTO slot (channel, name, seq) VALUES (?,?,?)');
    this.#drop = database.prepare('DELETE FROM slot WHERE channel = ? AND name = ? AND seq = ?');
  }

  /** @throws SqlFailure `corrupt` */
  find(channel: number, name: string): number | undefined {
    const row = this.#find.get([channel, name]);
    return row && integerOf(row, 'seq');
  }

  put(channel: number, name: string, seq: number): void {
    this.#put.run([channel, name, seq]);
  }

  /** Unless it has a newer entry. */
  drop(channel: number, name: string, seq: number): void {
    this.#drop.run([channel, name, seq]);
  }
}
