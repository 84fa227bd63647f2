// Whom a user blocks, by the partial indexes of `schema.ts`.

import type { UserId } from '@longwire/protocol';
import { type DamageListener, readAround } from '../damage.js';
import { integerOf, type SqlDatabase, type SqlRow, type SqlStatement } from '../driver/sql-database.js';
import type { WorkerCalls } from '../threads/worker-messages.js';
import { HIGH_BLOCKS, LOW_BLOCKS } from './channel-state.js';
import { CHANNEL_COLUMNS, type ChannelTable, storedFrom } from './channel-table.js';
import type { UserTable } from './user-table.js';

interface BlockListTables {
  readonly users: UserTable;
  readonly channels: ChannelTable;
}

export class BlockLists {
  readonly #onDamage: DamageListener;
  readonly #users: UserTable;
  readonly #channels: ChannelTable;
  readonly #count: SqlStatement;
  readonly #page: SqlStatement;

  constructor(database: SqlDatabase, onDamage: DamageListener, { users, channels }: BlockListTables) {
    this.#onDamage = onDamage;
    this.#users = users;
    this.#channels = channels;
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

  count(user: WorkerCalls['countBlocks']['input']): number {
    const number = this.#users.find(user);
    return number === undefined ? 0 : integerOf(this.#count.get([number, number])!, 'count');
  }

  /** In the order in which the channels began. A channel that cannot be read is left out, and reported. */
  page({ user, after, limit }: WorkerCalls['blockedUsers']['input']): WorkerCalls['blockedUsers']['output'] {
    const from = after === undefined ? 0 : this.#channels.find(after)?.number;
    if (from === undefined) return undefined;
    const number = this.#users.find(user);
    if (number === undefined) return { users: [], more: false };
    const rows = this.#page.all([number, from, limit + 1, number, from, limit + 1, limit + 1]);
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
