// The table `pending`: users who are invited to a group, or have asked to join it, by the group and by their names.

import type { UserId } from '@longwire/protocol';
import type { PendingMember, PendingState } from '../../../channel/membership.js';
import type { ChannelName } from '../../channel-name.js';
import { type DamageListener, readAround } from '../damage.js';
import {
  integerOf,
  type SqlDatabase,
  SqlFailure,
  type SqlRow,
  type SqlStatement,
  textOf,
} from '../driver/sql-database.js';
import { expectChecksum, rowChecksum } from '../row-checks.js';

/** In the file: never renumbered. */
const STATES: readonly (PendingState | undefined)[] = [undefined, 'invited', 'requested'];
const COLUMNS = 'pending.channel AS channel, pending.user AS user, state, inviter, at, pending.crc AS crc';

export interface PendingPlaceFrame extends PendingMember {
  readonly channel: ChannelName;
}

/** One page of pending users, or of what one user is pending in. */
export interface PendingRows<Row> {
  readonly rows: readonly Row[];
  /** What the last row is ordered by, for the next page; undefined: that was the last one. */
  readonly next: string | undefined;
}

export class PendingTable {
  readonly #onDamage: DamageListener;
  readonly #find: SqlStatement;
  readonly #put: SqlStatement;
  readonly #drop: SqlStatement;
  readonly #inChannel: SqlStatement;
  readonly #ofUser: SqlStatement;
  readonly #count: SqlStatement;

  constructor(database: SqlDatabase, onDamage: DamageListener) {
    this.#onDamage = onDamage;
    this.#find = database.prepare(`SELECT ${COLUMNS} FROM pending WHERE channel = ? AND user = ?`);
    this.#put = database.prepare(
      'INSERT OR REPLACE INTO pending (channel, user, state, inviter, at, crc) VALUES (?,?,?,?,?,?)',
    );
    this.#drop = database.prepare('DELETE FROM pending WHERE channel = ? AND user = ?');
    this.#inChannel = database.prepare(
      `SELECT ${COLUMNS} FROM pending WHERE channel = ? AND user > ? ORDER BY user LIMIT ?`,
    );
    this.#ofUser = database.prepare(
      `SELECT ${COLUMNS}, name FROM pending INDEXED BY pending_of_user JOIN channel ON channel.id = pending.channel ` +
        'WHERE pending.user = ? AND name > ? ORDER BY name LIMIT ?',
    );
    this.#count = database.prepare('SELECT count(*) AS count FROM pending WHERE user = ?');
  }

  /** How often a user is pending. */
  countOf(user: UserId): number {
    return integerOf(this.#count.get([user])!, 'count');
  }

  /** Undefined: the user is not pending there, or the row is damaged, which is reported. */
  find(channel: number, user: UserId): PendingMember | undefined {
    const row = this.#find.get([channel, user]);
    return row && this.#read(row, pendingFrom);
  }

  /** Ascending by the bytes of the ids. */
  inChannel(channel: number, after: UserId | undefined, limit: number): PendingRows<PendingMember> {
    return this.#page(this.#inChannel.all([channel, after ?? '', limit + 1]), limit, 'user', pendingFrom);
  }

  /** Ascending by the bytes of the names of the channels. */
  ofUser(user: UserId, after: ChannelName | undefined, limit: number): PendingRows<PendingPlaceFrame> {
    return this.#page(this.#ofUser.all([user, after ?? '', limit + 1]), limit, 'name', (row) => ({
      ...pendingFrom(row),
      channel: textOf(row, 'name') as ChannelName,
    }));
  }

  /** Inside a transaction. */
  put(channel: number, { user, state, by, at }: PendingMember): void {
    const number = STATES.indexOf(state);
    this.#put.run([channel, user, number, by, at, rowChecksum(channel, user, number, by, at)]);
  }

  /** Inside a transaction. */
  drop(channel: number, user: UserId): void {
    this.#drop.run([channel, user]);
  }

  #page<Row>(
    found: readonly SqlRow[],
    limit: number,
    orderedBy: 'user' | 'name',
    from: (row: SqlRow) => Row,
  ): PendingRows<Row> {
    const rows: Row[] = [];
    for (const row of found.slice(0, limit)) {
      const read = this.#read(row, from);
      if (read !== undefined) rows.push(read);
    }
    return { rows, next: found.length > limit ? textOf(found[limit - 1]!, orderedBy) : undefined };
  }

  #read<Row>(row: SqlRow, from: (row: SqlRow) => Row): Row | undefined {
    return readAround('a user who is invited or has asked to join', this.#onDamage, () => from(row));
  }
}

/** Verifies a row. */
function pendingFrom(row: SqlRow): PendingMember {
  const channel = integerOf(row, 'channel');
  const user = textOf(row, 'user') as UserId;
  const number = integerOf(row, 'state');
  const by = textOf(row, 'inviter') as UserId;
  const at = integerOf(row, 'at');
  const place = `the pending state of ${user} in channel number ${channel}`;
  expectChecksum(integerOf(row, 'crc'), rowChecksum(channel, user, number, by, at), place);
  const state = STATES[number];
  if (state === undefined) throw new SqlFailure('corrupt', `${place} is ${number}`);
  return { user, state, by, at };
}
