// Whom a user blocks, by the partial indexes of `schema.ts`.

import type { UserId } from '@longwire/protocol';
import { type DamageListener, readAround } from '../damage.js';
import { integerOf, type SqlDatabase, type SqlRow, type SqlStatement } from '../driver/sql-database.js';
import { HIGH_BLOCKS, LOW_BLOCKS } from './channel-state.js';
import { CHANNEL_COLUMNS, storedFrom } from './channel-table.js';

export class BlockLists {
  readonly #onDamage: DamageListener;
  readonly #count: SqlStatement;
  readonly #page: SqlStatement;

  constructor(database: SqlDatabase, onDamage: DamageListener) {
    this.#onDamage = onDamage;
    const byLow = `low_user = ? AND blocks & ${LOW_BLOCKS} <> 0`;
    const byHigh = `high_user = ? AND blocks & ${HIGH_BLOCKS} <> 0`;
    this.#count = database.prepare(
      `SELECT (SELECT count(*) FROM channel WHERE ${byLow}) + (SELECT count(*) FROM channel WHERE ${byHigh}) AS count`,
    );
    // Each index is in the order of the channels, so that no more is read than a page of each.
    const half = (condition: string) =>
      `SELECT * FROM (SELECT ${CHANNEL_COLUMNS} FROM channel WHERE ${condition} AND id > ? ORDER BY id LIMIT ?)`;
    this.#page = database.prepare(`${half(byLow)} UNION ALL ${half(byHigh)} ORDER BY id LIMIT ?`);
  }

  /** @param user  the number of a user */
  count(user: number): number {
    return integerOf(this.#count.get([user, user])!, 'count');
  }

  /**
   * In the order in which the channels began. A channel that cannot be read is left out, and reported.
   * @param number  that of the user
   * @param after  the number of a channel; 0: from the first one
   */
  page(user: UserId, number: number, after: number, limit: number): { users: readonly UserId[]; more: boolean } {
    const rows = this.#page.all([number, after, limit + 1, number, after, limit + 1, limit + 1]);
    const users = rows.slice(0, limit).flatMap((row) => this.#blockedIn(row, user) ?? []);
    return { users, more: rows.length > limit };
  }

  #blockedIn(row: SqlRow, user: UserId): UserId | undefined {
    return readAround(`a user whom ${user} blocks`, this.#onDamage, () => {
      const { channel } = storedFrom(row);
      if (channel.kind !== 'direct') return undefined;
      return channel.low === user ? channel.high : channel.low;
    });
  }
}
