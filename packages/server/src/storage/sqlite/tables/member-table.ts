// Members of channels with how far they have read, and the cursors of their devices.

import { GenerationCache } from '../../../runtime/generation-cache.js';
import type { ChannelName, Named } from '../../channel-name.js';
import type { CursorWrite } from '../../cursors.js';
import { isDamage } from '../damage.js';
import { integerOf, type SqlDatabase, SqlFailure, type SqlRow, type SqlStatement } from '../driver/sql-database.js';
import { expectChecksum, rowChecksum } from '../row-checks.js';
import { type ChannelState, type KnownMember, type MemberRow, namedNumber } from './channel-state.js';
import type { ChannelTable } from './channel-table.js';
import type { DeviceTable } from './device-table.js';
import { KeyedRows, KeyOrder } from './keyed-rows.js';
import type { UncountedTable } from './uncounted-table.js';
import type { UserRow, UserTable } from './user-table.js';

/** Those of channels that name no users. */
const CACHED_MEMBERS = 65_536;
/** What `memberFrom` wants to see, beside user and channel. */
export const MEMBER_COLUMNS = 'visible_from, left_at, read, delivered, crc, joined, due_from, role, stays';

interface MemberTables {
  readonly users: UserTable;
  readonly channels: ChannelTable;
  readonly devices: DeviceTable;
  readonly uncounted: UncountedTable;
}

export class MemberTable {
  readonly #users: UserTable;
  readonly #channels: ChannelTable;
  readonly #devices: DeviceTable;
  readonly #uncounted: UncountedTable;
  readonly #find: SqlStatement;
  readonly #update: SqlStatement;
  readonly #put: SqlStatement;
  readonly #rows: KeyedRows;
  readonly #findCursor: SqlStatement;
  readonly #putCursor: SqlStatement;
  readonly #known = new GenerationCache<string, KnownMember>(CACHED_MEMBERS);

  constructor(database: SqlDatabase, { users, channels, devices, uncounted }: MemberTables) {
    this.#users = users;
    this.#channels = channels;
    this.#devices = devices;
    this.#uncounted = uncounted;
    this.#find = database.prepare(`SELECT user, channel, ${MEMBER_COLUMNS} FROM member WHERE user = ? AND channel = ?`);
    this.#update = database.prepare(
      'UPDATE member SET read = ?, delivered = ?, crc = ? WHERE user = ? AND channel = ?',
    );
    this.#put = database.prepare(
      `INSERT OR REPLACE INTO member (user, channel, ${MEMBER_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)`,
    );
    this.#rows = new KeyedRows(database, 'member', 'user', MEMBER_COLUMNS);
    this.#findCursor = database.prepare(
      'SELECT device, channel, offset, crc FROM cursor WHERE device = ? AND channel = ?',
    );
    this.#putCursor = database.prepare('INSERT OR REPLACE INTO cursor (device, channel, offset, crc) VALUES (?,?,?,?)');
  }

  /**
   * A user in a channel, also one who has left it.
   * @throws ServerError, SqlFailure `corrupt`
   */
  findByName(user: string, channel: ChannelName): KnownMember | undefined {
    const state = this.#channels.find(channel);
    return state && this.findIn(state, user);
  }

  /** @throws ServerError, SqlFailure `corrupt` */
  findIn(state: ChannelState, user: string): KnownMember | undefined {
    const { kind } = state.channel;
    if (kind === 'all') {
      const row = this.#users.read(user);
      return row && this.#announced(state, row);
    }
    const number = kind === 'group' ? this.#users.find(user) : namedNumber(state, user);
    return number === undefined ? undefined : this.find(number, state);
  }

  /**
   * In any channel but the announcements.
   * @throws ServerError, SqlFailure `corrupt`
   */
  find(user: number, state: ChannelState): KnownMember | undefined {
    const known = this.peek(user, state);
    if (known !== undefined) return known;
    const row = this.#find.get([user, state.number]);
    if (row !== undefined) return this.remember(state, memberFrom(row));
    // Channels that name their users say themselves who is missing.
    if (state.lowUser === 0) this.#expectAbsent(user, state.number);
    return undefined;
  }

  /** Undefined where it would have to be read. */
  peek(user: number, state: ChannelState): KnownMember | undefined {
    if (state.lowUser === 0) return this.#known.get(keyOf(user, state.number));
    return user === state.lowUser ? state.lowMember : state.highMember;
  }

  /** So that it need not be read again while it is in memory. */
  remember(state: ChannelState, member: MemberRow): KnownMember {
    const known = uncounted(member);
    if (state.lowUser === 0) this.#known.set(keyOf(member.user, state.number), known);
    else if (member.user === state.lowUser) state.lowMember = known;
    else state.highMember = known;
    return known;
  }

  /** After a rollback nothing that the transaction changed may be remembered. */
  forgetAll(): void {
    this.#known.clear();
  }

  /** Writes a new or changed member; inside a transaction. */
  put(state: ChannelState, member: MemberRow): void {
    const { user, channel, visibleFrom, leftAt, read, delivered, joined, dueFrom, role, stays } = member;
    const crc = memberChecksum(member);
    this.#put.run([user, channel, visibleFrom, leftAt, read, delivered, crc, joined, dueFrom, role, stays]);
    this.remember(state, member);
  }

  /**
   * Moves cursors forward, at the time `at`; inside a transaction. Unknown channels, users and devices are passed over. A
   * damaged row begins anew with what is written, so that it is damaged no longer, unless it says that the user is a member.
   */
  write(write: Named<CursorWrite>, at: number): void {
    const state = this.#channels.find(write.channel);
    const member = state && this.#findOrRenew(write.user, state);
    if (state === undefined || member === undefined) return;
    const { user } = member;
    const read = Math.max(member.read, write.read ?? 0);
    const delivered = Math.max(member.delivered, write.delivered ?? 0);
    if (read !== member.read || delivered !== member.delivered) {
      const moved = movedTo(member, read, delivered);
      // There is no row of a user in the announcements before they acknowledged one.
      if (state.channel.kind === 'all') this.put(state, moved);
      else this.#update.run([read, delivered, memberChecksum(moved), user, state.number]);
      this.remember(state, moved);
      // The announcements are read by others too.
      if (state.channel.kind === 'inbox') this.#uncounted.dropThrough(state.number, read);
    }
    for (const [device, offset] of write.devices) {
      const number = this.#devices.acknowledged(write.user, device, at);
      if (number !== undefined) this.#moveCursor(number, state, offset);
    }
  }

  #findOrRenew(user: string, state: ChannelState): MemberRow | undefined {
    try {
      return this.findIn(state, user);
    } catch (error) {
      const number = namedNumber(state, user);
      if (!isDamage(error) || number === undefined) throw error;
      const fresh = unreadMember(number, state.number);
      this.put(state, fresh);
      return fresh;
    }
  }

  /** All users are in the channel of announcements, as soon as there is one for them. */
  #announced(state: ChannelState, { number, announcementsFrom }: UserRow): KnownMember | undefined {
    const from = Math.max(1, announcementsFrom);
    if (state.head < from) return undefined;
    const known = this.peek(number, state);
    if (known !== undefined) return known;
    const row = this.#find.get([number, state.number]);
    const { read, delivered } = row === undefined ? NOTHING_READ : memberFrom(row);
    const member = { ...unreadMember(number, state.number), visibleFrom: from, dueFrom: from };
    return this.remember(state, movedTo(member, read, delivered));
  }

  /**
   * Returns if a row that SQLite does not find is really not there.
   * @throws ServerError, SqlFailure `corrupt` where the rows around its place show damage
   */
  #expectAbsent(user: number, channel: number): void {
    const place = { key: user, channel: channel - 1 };
    const { before, rows, isBroken } = this.#rows.slice(user, channel - 1, 1);
    if (isBroken) throw hiddenMember(user, channel);
    KeyOrder.expectBelow(place, before.map(keyedMember));
    const order = new KeyOrder(place);
    for (const row of rows.map(keyedMember)) {
      order.expectNext(row);
      if (row.key === user && row.channel === channel) throw hiddenMember(user, channel);
    }
  }

  #moveCursor(device: number, state: ChannelState, offset: number): void {
    const row = this.#findCursor.get([device, state.number]);
    if (row !== undefined && isAtLeast(row, offset)) return;
    this.#putCursor.run([device, state.number, offset, rowChecksum(device, state.number, offset)]);
  }
}

const NOTHING_READ = { read: 0, delivered: 0 };

function keyOf(user: number, channel: number): string {
  return `${user}/${channel}`;
}

function keyedMember(row: SqlRow): { readonly key: number; readonly channel: number } {
  const { user, channel } = memberFrom(row);
  return { key: user, channel };
}

function hiddenMember(user: number, channel: number): SqlFailure {
  return new SqlFailure('corrupt', `the row of member ${user} in channel ${channel} is not where it is looked for`);
}

/** Spelled out, as all that hold numbers which may be large: Node 20 takes ten times as long to spread them. */
function uncounted(member: MemberRow): KnownMember {
  const { user, channel, visibleFrom, leftAt, read, delivered, joined, dueFrom, role, stays } = member;
  return {
    user,
    channel,
    visibleFrom,
    leftAt,
    read,
    delivered,
    joined,
    dueFrom,
    role,
    stays,
    countedAt: -1,
    othersThen: 0,
    receivedAt: -1,
    receivedBytes: 0,
  };
}

function movedTo(member: MemberRow, read: number, delivered: number): MemberRow {
  const { user, channel, visibleFrom, leftAt, joined, dueFrom, role, stays } = member;
  return { user, channel, visibleFrom, leftAt, read, delivered, joined, dueFrom, role, stays };
}

/**
 * In place of a row that is damaged: the state of a member who has read nothing. Only for members whom the channel itself
 * names: they see all of it, so it reveals nothing.
 */
export function unreadMember(user: number, channel: number): KnownMember {
  return uncounted({
    user,
    channel,
    visibleFrom: 1,
    leftAt: null,
    read: 0,
    delivered: 0,
    joined: 0,
    dueFrom: 1,
    role: 0,
    stays: 0,
  });
}

/** Verifies a row of `member`. */
export function memberFrom(row: SqlRow): MemberRow {
  const member = {
    user: integerOf(row, 'user'),
    channel: integerOf(row, 'channel'),
    visibleFrom: integerOf(row, 'visible_from'),
    leftAt: row['left_at'] === null ? null : integerOf(row, 'left_at'),
    read: integerOf(row, 'read'),
    delivered: integerOf(row, 'delivered'),
    joined: integerOf(row, 'joined'),
    dueFrom: integerOf(row, 'due_from'),
    role: integerOf(row, 'role'),
    stays: integerOf(row, 'stays'),
  };
  const name = `the row of member ${member.user} in channel ${member.channel}`;
  expectChecksum(integerOf(row, 'crc'), memberChecksum(member), name);
  return member;
}

/** What schema version 3 added counts only where it is used: rows without it have the checksum that they always had. */
function memberChecksum(member: MemberRow): number {
  const { user, channel, visibleFrom, leftAt, read, delivered, joined, dueFrom, role, stays } = member;
  const isPlain = joined === 0 && dueFrom === 1 && role === 0 && stays === 0;
  if (isPlain) return rowChecksum(user, channel, visibleFrom, leftAt, read, delivered);
  return rowChecksum(user, channel, visibleFrom, leftAt, read, delivered, joined, dueFrom, role, stays);
}

/** Whether the cursor stands there already. A damaged one stands nowhere. */
function isAtLeast(row: SqlRow, offset: number): boolean {
  try {
    return cursorFrom(row).offset >= offset;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return false;
  }
}

export interface CursorRow {
  readonly device: number;
  readonly channel: number;
  readonly offset: number;
}

/** Verifies a row of `cursor`. */
export function cursorFrom(row: SqlRow): CursorRow {
  const device = integerOf(row, 'device');
  const channel = integerOf(row, 'channel');
  const offset = integerOf(row, 'offset');
  const actual = rowChecksum(device, channel, offset);
  expectChecksum(integerOf(row, 'crc'), actual, `the cursor of device ${device} in channel ${channel}`);
  return { device, channel, offset };
}
