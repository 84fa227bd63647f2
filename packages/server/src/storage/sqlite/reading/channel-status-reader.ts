// A user's channels as one device stands to them, and their descriptions for people. Damage of one channel costs at most
// that channel: a user signs in with the others.

import type { DeviceId, UserId } from '@longwire/protocol';
import { ServerError } from '../../../errors.js';
import type { ChannelName } from '../../channel-name.js';
import type { MemberState } from '../../directory.js';
import { type DamageListener, readAround } from '../damage.js';
import { integerOf, type SqlDatabase, type SqlRow, type SqlStatement, textOf } from '../driver/sql-database.js';
import {
  type ChannelState,
  type KnownMember,
  lowMessagesAt,
  type MemberRow,
  memberNumber,
} from '../tables/channel-state.js';
import { type ChannelTable, verifyChannelRow } from '../tables/channel-table.js';
import type { DeviceTable } from '../tables/device-table.js';
import type { EntryRow } from '../tables/entry-row.js';
import { expectAbove, KeyedRows } from '../tables/keyed-rows.js';
import { cursorFrom, type MemberTable, memberFrom, rememberMember, unreadMember } from '../tables/member-table.js';
import type { UserTable } from '../tables/user-table.js';
import {
  emptyPage,
  type FlatEntries,
  flattenEntry,
  type HeadFrame,
  headFrameOf,
  type PageFrame,
  truncateFirst,
} from './page-frames.js';
import type { PageReader } from './page-reader.js';

export interface ChannelStatusFrame extends HeadFrame {
  readonly visibleFrom: number;
  readonly cursor: number | undefined;
  readonly read: number;
  readonly recency: number;
}

export interface ChannelStatusSliceFrame {
  readonly channels: readonly ChannelStatusFrame[];
  readonly next: number | undefined;
}

export interface DescriptionFrame {
  readonly visibleFrom: number;
  readonly unread: number;
  readonly last: PageFrame;
  readonly isLastTruncated: boolean;
  readonly members: readonly MemberState[];
  readonly recency: number;
}

export class ChannelStatusReader {
  readonly #users: UserTable;
  readonly #channels: ChannelTable;
  readonly #devices: DeviceTable;
  readonly #members: MemberTable;
  readonly #pages: PageReader;
  readonly #memberRows: KeyedRows;
  readonly #cursorRows: KeyedRows;
  readonly #channel: SqlStatement;
  readonly #onDamage: DamageListener;

  constructor(
    database: SqlDatabase,
    onDamage: DamageListener,
    tables: {
      readonly users: UserTable;
      readonly channels: ChannelTable;
      readonly devices: DeviceTable;
      readonly members: MemberTable;
      readonly pages: PageReader;
    },
  ) {
    this.#onDamage = onDamage;
    this.#users = tables.users;
    this.#channels = tables.channels;
    this.#devices = tables.devices;
    this.#members = tables.members;
    this.#pages = tables.pages;
    this.#memberRows = new KeyedRows(database, 'member', 'user', 'visible_from, left_at, read, delivered, crc');
    this.#cursorRows = new KeyedRows(database, 'cursor', 'device', 'offset, crc');
    this.#channel = database.prepare(
      'SELECT id, name, kind, life, base, low_user, high_user, created_at, crc FROM channel WHERE id = ?',
    );
  }

  channelStatuses(user: UserId, device: DeviceId, after: number | undefined, limit: number): ChannelStatusSliceFrame {
    const userNumber = this.#users.find(user);
    if (userNumber === undefined) return { channels: [], next: undefined };
    const deviceNumber = this.#devices.find(user, device);
    const cursors = deviceNumber === undefined ? new Map() : this.#cursorsOf(deviceNumber, after ?? 0, limit + 1);
    const listed = after === undefined ? this.#listed(userNumber, cursors, limit) : undefined;
    if (listed !== undefined) return { channels: listed, next: undefined };
    const { members, next } = this.#membersOf(userNumber, after ?? 0, limit);
    const isAll = after === undefined && next === undefined;
    const statuses: ChannelStatusFrame[] = [];
    let unreadable = 0;
    for (const member of members) {
      if (member.leftAt !== null) continue;
      const status = this.#readAround(`channel number ${member.channel} of ${user}`, () => {
        const cursor = cursors.get(member.channel);
        return isAll ? this.#loadedStatusOf(member, cursor) : this.#statusOf(member, cursor);
      });
      if (status === undefined) unreadable += 1;
      else statuses.push(status);
    }
    // Damage is reported each time.
    if (isAll && unreadable === 0) {
      this.#channels.rememberList(
        userNumber,
        statuses.map(({ channel }) => channel),
      );
    }
    return { channels: statuses, next };
  }

  /** The same from memory, for a user who was seen a while ago; undefined where something has to be read. */
  #listed(user: number, cursors: ReadonlyMap<number, number>, limit: number): ChannelStatusFrame[] | undefined {
    const names = this.#channels.listOf(user);
    if (names === undefined || names.length > limit) return undefined;
    const statuses: ChannelStatusFrame[] = [];
    for (const name of names) {
      const state = this.#channels.peek(name);
      const member = user === state?.lowUser ? state.lowMember : state?.highMember;
      if (state === undefined || member === undefined) return undefined;
      statuses.push(statusFrom(state, member, cursors.get(state.number)));
    }
    return statuses;
  }

  /**
   * Memberships in the order of the table, at most `limit`, and where the next slice begins. The row before them is
   * looked at as well: it would be the user's if its key were damaged.
   */
  #membersOf(user: number, after: number, limit: number): { members: MemberRow[]; next: number | undefined } {
    const before = this.#memberRows.before(user, after);
    if (before !== undefined) this.#readAround(`a member before user ${user}`, () => memberFrom(before));
    const members: MemberRow[] = [];
    const rows = this.#memberRows.after(user, after, limit + 1);
    for (const row of rows) {
      // One more row than wanted was read: it shows whether there is another slice.
      const isBeyond = row === rows[limit];
      const last = members.at(-1)?.channel ?? after;
      const read = this.#readAround(`a member of user ${user}`, () => {
        const found = memberFrom(row);
        return found.user === user ? expectAbove(last, found) : found;
      });
      const member = read ?? this.#standIn(row, last);
      if (member === undefined) continue;
      if (member.user !== user) return { members, next: undefined };
      if (isBeyond) return { members, next: last };
      members.push(member);
    }
    const isLast = rows.length <= limit || members.length === 0;
    return { members, next: isLast ? undefined : members.at(-1)?.channel };
  }

  /**
   * For a damaged row of `member`: the user is in the channel if the channel names them as one of its two, and counts
   * as having read nothing. Undefined where the row names no such channel above `after`.
   */
  #standIn(row: SqlRow, after: number): MemberRow | undefined {
    const { user, channel } = row;
    if (typeof user !== 'number' || typeof channel !== 'number' || channel <= after) return undefined;
    return this.#readAround(`channel number ${channel}`, () => {
      const named = this.#channel.get([channel]);
      if (named === undefined) return undefined;
      verifyChannelRow(named);
      return user === named['low_user'] || user === named['high_user'] ? unreadMember(user, channel) : undefined;
    });
  }

  /**
   * The device's cursors by channel; a device has none where its user is not a member, so `count` reaches as far. A
   * damaged one counts as never written: what was acknowledged there comes again.
   */
  #cursorsOf(device: number, after: number, count: number): ReadonlyMap<number, number> {
    const before = this.#cursorRows.before(device, after);
    if (before !== undefined) this.#readAround(`a cursor before device ${device}`, () => cursorFrom(before));
    const cursors = new Map<number, number>();
    let last = after;
    for (const row of this.#cursorRows.after(device, after, count)) {
      const cursor = this.#readAround(`a cursor of device ${device}`, () => {
        const found = cursorFrom(row);
        return found.device === device ? expectAbove(last, found) : found;
      });
      if (cursor === undefined) continue;
      if (cursor.device !== device) break;
      last = cursor.channel;
      cursors.set(cursor.channel, cursor.offset);
    }
    return cursors;
  }

  /** Undefined: the user is not in the channel, or nothing of it can be read. */
  describe(user: UserId, key: ChannelName, callersRead: number, maxLastBytes: number): DescriptionFrame | undefined {
    return this.#readAround(key, () => this.#describe(user, key, callersRead, maxLastBytes));
  }

  #describe(user: UserId, key: ChannelName, callersRead: number, maxLastBytes: number): DescriptionFrame | undefined {
    const state = this.#channels.find(key);
    const number = state === undefined ? undefined : memberNumber(state, user);
    if (state === undefined || number === undefined) return undefined;
    const member = this.#memberIn(state, number, user);
    const read = Math.max(callersRead, member.read, member.visibleFrom - 1);
    const lastRow = this.#readAround(key, () => this.#pages.newestRow(state));
    const last = lastRow === undefined ? undefined : this.#readAround(key, () => pageOf(state, lastRow));
    return {
      visibleFrom: member.visibleFrom,
      unread: this.#countUnread(state, member, read, lastRow),
      last: last ?? emptyPage(headFrameOf(state.key, state)),
      // Here, not where it is shown: sixty kilobytes for each of fifty channels need not travel between threads.
      isLastTruncated: last !== undefined && truncateFirst(last.entries, maxLastBytes),
      members: this.#memberStates(state),
      recency: state.lastRow,
    };
  }

  #memberIn(state: ChannelState, number: number, user: string): KnownMember {
    const member = this.#readAround(state.key, () => {
      const row = this.#members.find(number, state);
      if (row === undefined) throw missingMember(user, state.key);
      return row;
    });
    return member ?? unreadMember(number, state.number);
  }

  /** Unread entries: each row counts the messages up to it, so two look-ups are enough; the newest is in memory. */
  #countUnread(state: ChannelState, member: KnownMember, read: number, newest: EntryRow | undefined): number {
    if (read >= state.head) return 0;
    const isLow = member.user === state.lowUser;
    const own = isLow ? state.lowMessages : state.messages - state.lowMessages;
    const others = state.messages - own;
    if (member.countedAt === read) return others - member.othersThen;
    const isOne = newest !== undefined && read === state.head - 1;
    const next = isOne ? newest : this.#pages.readableAfter(state, read, this.#onDamage);
    if (next === undefined) return 0;
    // What `next` counts includes itself.
    const ownThen = isLow ? lowMessagesAt(state, next) : next.messages - lowMessagesAt(state, next);
    const nextIsOthers = next.sender !== member.user ? 1 : 0;
    const othersThen = next.messages - ownThen - nextIsOthers;
    // After damage was passed over it is reported again the next time.
    if (next.offset === Math.max(read, state.base) + 1) {
      member.countedAt = read;
      member.othersThen = othersThen;
    }
    return others - othersThen;
  }

  #memberStates(state: ChannelState): MemberState[] {
    const users = state.lowUser === state.highUser ? [state.pair[0]] : state.pair;
    return users.map((user) => {
      const number = user === state.pair[0] ? state.lowUser : state.highUser;
      const { delivered, read } = this.#memberIn(state, number, user);
      return { user, delivered, read };
    });
  }

  /** Its state stays in memory: it is described next. */
  #loadedStatusOf(member: MemberRow, cursor: number | undefined): ChannelStatusFrame {
    const state = this.#channels.stateFrom(this.#verifiedRow(member.channel));
    rememberMember(state, member);
    return statusFrom(state, member, cursor);
  }

  /** For a user with so many channels that they would take the place of all others in memory. */
  #statusOf(member: MemberRow, cursor: number | undefined): ChannelStatusFrame {
    const row = this.#verifiedRow(member.channel);
    const key = textOf(row, 'name') as ChannelName;
    const base = integerOf(row, 'base');
    const end = this.#channels.endOf({ number: member.channel, key, base });
    return statusFrom({ ...end, key, base, life: integerOf(row, 'life') }, member, cursor);
  }

  #verifiedRow(channel: number): SqlRow {
    const row = this.#channel.get([channel]);
    if (row === undefined) throw new ServerError('corrupt', `channel number ${channel} has members but no row`);
    verifyChannelRow(row);
    return row;
  }

  #readAround<Value>(place: string, read: () => Value | undefined): Value | undefined {
    return readAround(place, this.#onDamage, read);
  }
}

function statusFrom(
  { key, life, head, base, lastRow }: Pick<ChannelState, 'key' | 'life' | 'head' | 'base' | 'lastRow'>,
  { visibleFrom, read }: MemberRow,
  cursor: number | undefined,
): ChannelStatusFrame {
  return { channel: key, life, head, base, visibleFrom, cursor, read, recency: lastRow };
}

/** @throws ServerError `corrupt` */
function pageOf(state: ChannelState, row: EntryRow): PageFrame {
  const entries: FlatEntries = [];
  flattenEntry(state, row, entries);
  return { ...emptyPage(headFrameOf(state.key, state)), entries };
}

function missingMember(user: string, key: ChannelName): ServerError {
  return new ServerError('corrupt', `${user} is missing from the members of ${key}; restore the store from a backup`);
}
