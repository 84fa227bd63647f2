// The table `group_usage`: how often a user has joined groups and added others within an hour; and how many groups they are in.

import type { UserId } from '@longwire/protocol';
import { type GroupUsage, noGroupUsage } from '../../group-quotas.js';
import { type DamageListener, readAround } from '../damage.js';
import { integerOf, type SqlDatabase, type SqlRow, type SqlStatement } from '../driver/sql-database.js';
import { expectChecksum, rowChecksum } from '../row-checks.js';
import type { UserTable } from './user-table.js';

const COLUMNS = 'user, joins_start, joins, adds_start, adds, crc';

export class GroupUsageTable {
  readonly #users: UserTable;
  readonly #onDamage: DamageListener;
  readonly #find: SqlStatement;
  readonly #put: SqlStatement;
  readonly #countGroups: SqlStatement;

  constructor(database: SqlDatabase, users: UserTable, onDamage: DamageListener) {
    this.#users = users;
    this.#onDamage = onDamage;
    this.#find = database.prepare(`SELECT ${COLUMNS} FROM group_usage WHERE user = ?`);
    this.#put = database.prepare(`INSERT OR REPLACE INTO group_usage (${COLUMNS}) VALUES (?,?,?,?,?,?)`);
    // Members of groups have a role, and by that they are in the index of `schema.ts`.
    this.#countGroups = database.prepare(
      'SELECT count(*) AS count FROM member INDEXED BY group_member WHERE user = ? AND role <> 0 AND left_at IS NULL',
    );
  }

  /** None where damage hides it. */
  of(user: UserId): GroupUsage {
    const usage = readAround(`what ${user} has used in groups`, this.#onDamage, () => {
      const row = this.#find.get([user]);
      return row && usageFrom(row, user);
    });
    return usage ?? noGroupUsage;
  }

  /** Inside a transaction. */
  put(user: UserId, { joinsStart, joins, addsStart, adds }: GroupUsage): void {
    this.#put.run([user, joinsStart, joins, addsStart, adds, rowChecksum(user, joinsStart, joins, addsStart, adds)]);
  }

  /** Groups that a user is a member of. */
  countGroups(user: UserId): number {
    const count = readAround(`the groups of ${user}`, this.#onDamage, () => {
      const number = this.#users.find(user);
      return number === undefined ? 0 : integerOf(this.#countGroups.get([number])!, 'count');
    });
    return count ?? 0;
  }
}

/** Verifies a row. */
function usageFrom(row: SqlRow, user: UserId): GroupUsage {
  const usage = {
    joinsStart: integerOf(row, 'joins_start'),
    joins: integerOf(row, 'joins'),
    addsStart: integerOf(row, 'adds_start'),
    adds: integerOf(row, 'adds'),
  };
  const { joinsStart, joins, addsStart, adds } = usage;
  const actual = rowChecksum(user, joinsStart, joins, addsStart, adds);
  expectChecksum(integerOf(row, 'crc'), actual, `what ${user} has used in groups`);
  return usage;
}
