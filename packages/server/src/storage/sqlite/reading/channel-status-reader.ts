// A user's channels as one device stands to them, and their descriptions for people. Damage of one channel costs at most
// that channel: a user signs in with the others.

import type { DeviceId, UserId, UserProfile } from '@longwire/protocol';
import { isReplacedBySlot } from '../../../channel/channel.js';
import { NO_PROFILE } from '../../../channel/profile.js';
import { ServerError } from '../../../errors.js';
import type { ChannelName } from '../../channel-name.js';
import type { GroupDescription, MemberState } from '../../directory.js';
import { type DamageListener, readAround } from '../damage.js';
import type { SqlDatabase, SqlRow, SqlStatement } from '../driver/sql-database.js';
import type { Authorship } from '../places/authorship.js';
import {
  type ChannelState,
  HIGH_BLOCKS,
  type KnownMember,
  LOW_BLOCKS,
  lowMessagesAt,
  type MemberRow,
  namedNumber,
} from '../tables/channel-state.js';
import { ANNOUNCEMENTS, CHANNEL_COLUMNS, type ChannelTable, storedFrom } from '../tables/channel-table.js';
import type { DeviceTable } from '../tables/device-table.js';
import { type EntryRow, MESSAGE_KIND } from '../tables/entry-row.js';
import { type KeyedRow, KeyedRows, ownRows } from '../tables/keyed-rows.js';
import { cursorFrom, MEMBER_COLUMNS, type MemberTable, memberFrom, unreadMember } from '../tables/member-table.js';
import type { ProfileTable } from '../tables/profile-table.js';
import { type RightsTable, roleOf } from '../tables/rights-table.js';
import type { RowNames } from '../tables/row-names.js';
import type { UncountedTable } from '../tables/uncounted-table.js';
import type { UserTable } from '../tables/user-table.js';
import {
  emptyPage,
  type FlatEntries,
  flattenEntry,
  headFrameOf,
  type PageFrame,
  truncateFirst,
} from './page-frames.js';
import type { PageReader } from './page-reader.js';
import type { ChannelStatusFrame, ChannelStatusSliceFrame, DescriptionFrame } from './status-frames.js';

interface MemberSlice {
  readonly members: MemberRow[];
  readonly next: number | undefined;
}

export class ChannelStatusReader {
  readonly #users: UserTable;
  readonly #names: RowNames;
  readonly #channels: ChannelTable;
  readonly #devices: DeviceTable;
  readonly #members: MemberTable;
  readonly #rights: RightsTable;
  readonly #profiles: ProfileTable;
  readonly #pages: PageReader;
  readonly #authorship: Authorship;
  readonly #uncounted: UncountedTable;
  readonly #memberRows: KeyedRows;
  readonly #cursorRows: KeyedRows;
  readonly #channel: SqlStatement;
  readonly #onDamage: DamageListener;

  constructor(
    database: SqlDatabase,
    onDamage: DamageListener,
    tables: {
      readonly names: RowNames;
      readonly channels: ChannelTable;
      readonly devices: DeviceTable;
      readonly members: MemberTable;
      readonly rights: RightsTable;
      readonly profiles: ProfileTable;
      readonly pages: PageReader;
      readonly authorship: Authorship;
      readonly uncounted: UncountedTable;
    },
  ) {
    this.#onDamage = onDamage;
    this.#users = tables.names.users;
    this.#names = tables.names;
    this.#channels = tables.channels;
    this.#devices = tables.devices;
    this.#members = tables.members;
    this.#rights = tables.rights;
    this.#profiles = tables.profiles;
    this.#pages = tables.pages;
    this.#authorship = tables.authorship;
    this.#uncounted = tables.uncounted;
    this.#memberRows = new KeyedRows(database, 'member', 'user', MEMBER_COLUMNS);
    this.#cursorRows = new KeyedRows(database, 'cursor', 'device', 'offset, crc');
    this.#channel = database.prepare(`SELECT ${CHANNEL_COLUMNS} FROM channel WHERE id = ?`);
  }

  channelStatuses(user: UserId, device: DeviceId, after: number | undefined, limit: number): ChannelStatusSliceFrame {
    const userNumber = this.#users.find(user);
    if (userNumber === undefined) return { channels: [], next: undefined };
    const deviceNumber = this.#devices.find(user, device);
    const cursors = deviceNumber === undefined ? new Map() : this.#cursorsOf(deviceNumber, after ?? 0, limit + 1);
    const listed = after === undefined ? this.#listed(user, userNumber, cursors, limit) : undefined;
    if (listed !== undefined) return { channels: listed, next: undefined };
    const announced = this.#readAround(ANNOUNCEMENTS, () => this.#channels.announcements());
    const stored = this.#membersOf(userNumber, after ?? 0, limit);
    const { members, next } = announced ? this.#withAnnounced(user, announced, stored, after ?? 0, limit) : stored;
    const isAll = after === undefined && next === undefined;
    let isWhole = stored.isWhole;
    const statuses: ChannelStatusFrame[] = [];
    const names: ChannelName[] = [];
    for (const member of members) {
      const status = this.#readAround(`channel number ${member.channel} of ${user}`, () => {
        const cursor = cursors.get(member.channel);
        return isAll ? this.#loadedStatusOf(member, cursor) : this.#statusOf(member, cursor);
      });
      if (status === undefined) {
        isWhole = false;
        continue;
      }
      names.push(status.channel);
      if (isDue(status)) statuses.push(status);
    }
    // Damage is reported each time.
    if (isAll && isWhole) {
      // Also before there is one for the user.
      if (announced !== undefined && !names.includes(ANNOUNCEMENTS)) names.push(ANNOUNCEMENTS);
      this.#channels.rememberList(userNumber, names);
    }
    return { channels: statuses, next };
  }

  /** The same from memory, for a user who was seen a while ago; undefined where something has to be read. */
  #listed(
    user: UserId,
    number: number,
    cursors: ReadonlyMap<number, number>,
    limit: number,
  ): ChannelStatusFrame[] | undefined {
    const names = this.#channels.listOf(number);
    if (names === undefined || names.length > limit) return undefined;
    const statuses: ChannelStatusFrame[] = [];
    for (const name of names) {
      const state = this.#channels.peek(name);
      if (state === undefined) return undefined;
      const isAnnounced = state.channel.kind === 'all';
      const member = isAnnounced ? this.#announcedTo(user, state) : this.#members.peek(number, state);
      if (member === undefined && isAnnounced) continue;
      if (member === undefined) return undefined;
      const status = statusFrom(state, member, cursors.get(state.number));
      if (isDue(status)) statuses.push(status);
    }
    return statuses;
  }

  /**
   * Memberships in the order of the table, at most `limit`, and where the next slice begins. A damaged row that the user's
   * channel does not make good is left out: they are not in that channel.
   */
  #membersOf(user: number, after: number, limit: number): MemberSlice & { readonly isWhole: boolean } {
    const place = `a member of user ${user}`;
    // One more row than wanted is read: it shows whether there is another slice.
    const slice = this.#memberRows.slice(user, after, limit + 1);
    const read = (row: SqlRow) => this.#readAround(place, () => memberFrom(row)) ?? this.#standIn(row, after);
    const around = { from: { key: user, channel: after }, slice, read, keyOf: keyOfMember };
    const { own, isEnd, isWhole } = ownRows(around, (check) => this.#readAround(place, check));
    const members = own.slice(0, limit);
    const isLast = members.length === 0 || (own.length <= limit && (isEnd || slice.rows.length <= limit));
    return { members, next: isLast ? undefined : members.at(-1)?.channel, isWhole };
  }

  /** The announcements in their place among a slice of the user's channels: there is no row of a user before they read one. */
  #withAnnounced(
    user: UserId,
    announced: ChannelState,
    { members, next }: MemberSlice,
    after: number,
    limit: number,
  ): MemberSlice {
    const { number } = announced;
    const member = this.#announcedTo(user, announced);
    const merged = members.filter(({ channel }) => channel !== number);
    const isHere = number > after && (next === undefined || number <= next);
    if (member === undefined || !isHere) return { members: merged, next };
    const place = merged.findIndex(({ channel }) => channel > number);
    merged.splice(place < 0 ? merged.length : place, 0, member);
    if (merged.length <= limit) return { members: merged, next };
    merged.length = limit;
    return { members: merged, next: merged.at(-1)?.channel };
  }

  #announcedTo(user: UserId, announced: ChannelState): KnownMember | undefined {
    return this.#readAround(ANNOUNCEMENTS, () => this.#members.findIn(announced, user));
  }

  /**
   * For a damaged row of `member`: the user is in the channel if the channel names them, and counts as having read nothing.
   * Undefined where the row names no such channel above `after`.
   */
  #standIn(row: SqlRow, after: number): MemberRow | undefined {
    const { user, channel } = row;
    if (typeof user !== 'number' || typeof channel !== 'number' || channel <= after) return undefined;
    return this.#readAround(`channel number ${channel}`, () => {
      const named = this.#channel.get([channel]);
      if (named === undefined) return undefined;
      const { lowUser, highUser } = storedFrom(named);
      return user === lowUser || user === highUser ? unreadMember(user, channel) : undefined;
    });
  }

  /**
   * The device's cursors by channel; a device has none where its user is not a member, so `count` reaches as far. A
   * damaged one counts as never written: what was acknowledged there comes again.
   */
  #cursorsOf(device: number, after: number, count: number): ReadonlyMap<number, number> {
    const place = `a cursor of device ${device}`;
    const slice = this.#cursorRows.slice(device, after, count);
    const read = (row: SqlRow) => this.#readAround(place, () => cursorFrom(row));
    const around = { from: { key: device, channel: after }, slice, read, keyOf: keyOfCursor };
    const { own } = ownRows(around, (check) => this.#readAround(place, check));
    return new Map(own.map(({ channel, offset }) => [channel, offset]));
  }

  /** Undefined: the user is not in the channel, or nothing of it can be read. */
  describe(user: UserId, key: ChannelName, callersRead: number, maxLastBytes: number): DescriptionFrame | undefined {
    return this.#readAround(key, () => this.#describe(user, key, callersRead, maxLastBytes));
  }

  #describe(user: UserId, key: ChannelName, callersRead: number, maxLastBytes: number): DescriptionFrame | undefined {
    const state = this.#channels.find(key);
    const member = state && this.#memberIn(state, user);
    if (state === undefined || member === undefined || member.leftAt !== null) return undefined;
    const read = Math.max(callersRead, member.read);
    const lastRow = state.head === 0 ? undefined : this.#readAround(key, () => this.#pages.newestRow(state));
    const isThere = lastRow !== undefined && lastRow.removed === undefined;
    const last = isThere ? this.#readAround(key, () => this.#pageOf(state, lastRow)) : undefined;
    const counted = Math.max(read, member.dueFrom - 1, state.base);
    return {
      life: state.life,
      visibleFrom: member.visibleFrom,
      read,
      unread: this.#readAround(key, () => this.#unreadOf(state, member, counted, lastRow)) ?? 0,
      last: last ?? emptyPage(headFrameOf(state.key, state)),
      // Here, not where it is shown: sixty kilobytes for each of fifty channels need not travel between threads.
      isLastTruncated: last !== undefined && truncateFirst(last.entries, maxLastBytes),
      isBlocked: blocks(state, user),
      members: this.#memberStates(state),
      profile: this.#profileOfPeer(state, member),
      singleReads: state.channel.kind === 'inbox' ? this.#uncounted.singles(state.number, counted) : [],
      group: this.#groupOf(state, member),
      recency: state.lastRow,
    };
  }

  /** Undefined: they are not in it. Whom the channel itself names is, whatever their row looks like. */
  #memberIn(state: ChannelState, user: UserId): KnownMember | undefined {
    const number = namedNumber(state, user);
    if (number === undefined) return this.#members.findIn(state, user);
    const member = this.#readAround(state.key, () => {
      const row = this.#members.find(number, state);
      if (row === undefined) throw missingMember(user, state.key);
      return row;
    });
    return member ?? unreadMember(number, state.number);
  }

  #unreadOf(state: ChannelState, member: KnownMember, read: number, newest: EntryRow | undefined): number {
    const unread = this.#countUnread(state, member, read, newest);
    if (unread === 0 || !isReplacedBySlot(state.channel)) return unread;
    return Math.max(0, unread - this.#uncounted.count(state.number, read, state.head));
  }

  /** Unread entries: each row counts the messages up to it, so two look-ups are enough; the newest is in memory. */
  #countUnread(state: ChannelState, member: KnownMember, read: number, newest: EntryRow | undefined): number {
    if (read >= state.head) return 0;
    const others = state.messages - this.#ownMessages(state, member.user);
    if (member.countedAt === read) return others - member.othersThen;
    const isOne = newest !== undefined && read === state.head - 1;
    const next = isOne ? newest : this.#pages.readableAfter(state, read, this.#onDamage);
    if (next === undefined) return 0;
    // What `next` counts includes itself.
    const isOther = next.kind === MESSAGE_KIND && next.sender !== member.user;
    const othersThen = next.messages - this.#ownMessagesUpTo(state, member.user, next) - (isOther ? 1 : 0);
    // After damage was passed over it is reported again the next time.
    if (next.offset === Math.max(read, state.base) + 1) {
      member.countedAt = read;
      member.othersThen = othersThen;
    }
    return others - othersThen;
  }

  #ownMessages(state: ChannelState, user: number): number {
    if (state.lowUser === 0) return this.#authorship.total(state.number, user);
    return user === state.lowUser ? state.lowMessages : state.messages - state.lowMessages - state.otherMessages;
  }

  #ownMessagesUpTo(state: ChannelState, user: number, row: EntryRow): number {
    if (state.lowUser === 0) return this.#authorship.count(state.number, user, row.offset);
    const low = lowMessagesAt(state, row);
    return user === state.lowUser ? low : row.messages - low - row.otherMessages;
  }

  /** @throws ServerError, SqlFailure `corrupt` */
  #groupOf(state: ChannelState, member: KnownMember): GroupDescription | undefined {
    if (state.channel.kind !== 'group') return undefined;
    const { settings, memberCount } = this.#rights.rightsOf(state);
    return { role: roleOf(member.role), settings, memberCount };
  }

  #profileOfPeer({ channel, lowUser, highUser }: ChannelState, { user }: KnownMember): UserProfile {
    if (channel.kind !== 'direct') return NO_PROFILE;
    const peer = user === lowUser ? highUser : lowUser;
    return this.#readAround(`the profile of user number ${peer}`, () => this.#profiles.find(peer)) ?? NO_PROFILE;
  }

  #memberStates(state: ChannelState): MemberState[] {
    const { channel } = state;
    if (channel.kind !== 'direct') return [];
    const users = channel.low === channel.high ? [channel.low] : [channel.low, channel.high];
    return users.map((user) => {
      const { delivered, read } = this.#memberIn(state, user)!;
      return { user, delivered, read };
    });
  }

  /** Its state stays in memory: it is described next. */
  #loadedStatusOf(member: MemberRow, cursor: number | undefined): ChannelStatusFrame {
    const state = this.#channels.stateFrom(this.#rowOf(member.channel));
    return statusFrom(state, this.#members.peek(member.user, state) ?? this.#members.remember(state, member), cursor);
  }

  /** For a user with so many channels that they would take the place of all others in memory. */
  #statusOf(member: MemberRow, cursor: number | undefined): ChannelStatusFrame {
    const stored = storedFrom(this.#rowOf(member.channel));
    const end = this.#channels.endOf(stored);
    const { key, life, base } = stored;
    return statusFrom({ key, life, base, head: end.head, lastRow: end.lastRow }, member, cursor);
  }

  #rowOf(channel: number): SqlRow {
    const row = this.#channel.get([channel]);
    if (row === undefined) throw new ServerError('corrupt', `channel number ${channel} has members but no row`);
    return row;
  }

  /** @throws ServerError `corrupt` */
  #pageOf(state: ChannelState, row: EntryRow): PageFrame {
    const entries: FlatEntries = [];
    flattenEntry(state, row, this.#names, entries);
    return { ...emptyPage(headFrameOf(state.key, state)), entries };
  }

  #readAround<Value>(place: string, read: () => Value | undefined): Value | undefined {
    return readAround(place, this.#onDamage, read);
  }
}

function keyOfMember({ user, channel }: MemberRow): KeyedRow {
  return { key: user, channel };
}

function keyOfCursor({ device, channel }: { readonly device: number; readonly channel: number }): KeyedRow {
  return { key: device, channel };
}

/** Not if it has no entry yet, and not if the user has left the channel and the device knows. */
function isDue({ head, left, cursor }: ChannelStatusFrame): boolean {
  return head > 0 && (left === undefined || cursor === undefined || cursor < left);
}

function statusFrom(
  { key, life, head, base, lastRow }: Pick<ChannelState, 'key' | 'life' | 'head' | 'base' | 'lastRow'>,
  { dueFrom, visibleFrom, leftAt, read }: MemberRow,
  cursor: number | undefined,
): ChannelStatusFrame {
  return {
    channel: key,
    life,
    head,
    base,
    dueFrom,
    visibleFrom,
    left: leftAt ?? undefined,
    cursor,
    read,
    recency: lastRow,
  };
}

function blocks({ channel, blocks }: ChannelState, user: UserId): boolean {
  if (channel.kind !== 'direct') return false;
  return (blocks & (user === channel.low ? LOW_BLOCKS : HIGH_BLOCKS)) !== 0;
}

function missingMember(user: string, key: ChannelName): ServerError {
  return new ServerError('corrupt', `${user} is missing from the members of ${key}; restore the store from a backup`);
}
