// The table `usage`: what each user has stored and begun, up to some row of `entry`. It is written behind the commits; what
// the rows after that one add is counted again at a start.

import type { Usage } from '../../quotas.js';
import { integerOf, type SqlDatabase, type SqlStatement } from '../driver/sql-database.js';
import { expectChecksum, rowChecksum } from '../row-checks.js';

export interface StoredUsage {
  readonly usage: Usage;
  /** Rows up to this one are counted. */
  readonly through: number;
}

export class UsageTable {
  readonly #find: SqlStatement;
  readonly #put: SqlStatement;

  constructor(database: SqlDatabase) {
    const columns = 'user, through, stored_bytes, channels_begun, hour_start, hour_peers, day_start, day_peers, crc';
    this.#find = database.prepare(`SELECT ${columns} FROM usage WHERE user = ?`);
    this.#put = database.prepare(`INSERT OR REPLACE INTO usage (${columns}) VALUES (?,?,?,?,?,?,?,?,?)`);
  }

  /**
   * Undefined: the user has not stored anything.
   * @throws ServerError `corrupt`
   */
  find(user: number): StoredUsage | undefined {
    const row = this.#find.get([user]);
    if (row === undefined) return undefined;
    const through = integerOf(row, 'through');
    const usage = {
      storedBytes: integerOf(row, 'stored_bytes'),
      channelsBegun: integerOf(row, 'channels_begun'),
      hourStart: integerOf(row, 'hour_start'),
      hourPeers: integerOf(row, 'hour_peers'),
      dayStart: integerOf(row, 'day_start'),
      dayPeers: integerOf(row, 'day_peers'),
    };
    expectChecksum(integerOf(row, 'crc'), rowChecksum(...numbersOf(user, usage, through)), `the usage of user ${user}`);
    return { usage, through };
  }

  put(user: number, usage: Usage, through: number): void {
    const numbers = numbersOf(user, usage, through);
    this.#put.run([...numbers, rowChecksum(...numbers)]);
  }
}

/** In the order of the columns. */
function numbersOf(user: number, usage: Usage, through: number): number[] {
  const { storedBytes, channelsBegun, hourStart, hourPeers, dayStart, dayPeers } = usage;
  return [user, through, storedBytes, channelsBegun, hourStart, hourPeers, dayStart, dayPeers];
}
