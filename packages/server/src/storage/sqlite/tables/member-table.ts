// Members of channels with how far they have read, and the cursors of their devices.

import type { ChannelName, Named } from '../../channel-name.js';
import type { CursorWrite } from '../../cursors.js';
import { isDamage } from '../damage.js';
import { integerOf, type SqlDatabase, type SqlRow, type SqlStatement } from '../driver/sql-database.js';
import { expectChecksum, rowChecksum } from '../row-checks.js';
import { type ChannelState, type KnownMember, type MemberRow, memberNumber } from './channel-state.js';
import type { ChannelTable } from './channel-table.js';
import type { DeviceTable } from './device-table.js';

export class MemberTable {
  readonly #channels: ChannelTable;
  readonly #devices: DeviceTable;
  readonly #find: SqlStatement;
  readonly #update: SqlStatement;
  readonly #renew: SqlStatement;
  readonly #findCursor: SqlStatement;
  readonly #putCursor: SqlStatement;

  constructor(database: SqlDatabase, channels: ChannelTable, devices: DeviceTable) {
    this.#channels = channels;
    this.#devices = devices;
    this.#find = database.prepare(
      'SELECT user, channel, visible_from, left_at, read, delivered, crc FROM member WHERE user = ? AND channel = ?',
    );
    this.#update = database.prepare(
      'UPDATE member SET read = ?, delivered = ?, crc = ? WHERE user = ? AND channel = ?',
    );
    this.#renew = database.prepare(
      'UPDATE member SET visible_from = ?, left_at = ?, read = ?, delivered = ?, crc = ? WHERE user = ? AND channel = ?',
    );
    this.#findCursor = database.prepare(
      'SELECT device, channel, offset, crc FROM cursor WHERE device = ? AND channel = ?',
    );
    this.#putCursor = database.prepare('INSERT OR REPLACE INTO cursor (device, channel, offset, crc) VALUES (?,?,?,?)');
  }

  /** @throws ServerError `corrupt` */
  findByName(user: string, channel: ChannelName): KnownMember | undefined {
    const state = this.#channels.find(channel);
    const number = state === undefined ? undefined : memberNumber(state, user);
    return state === undefined || number === undefined ? undefined : this.find(number, state);
  }

  /** @throws ServerError `corrupt` */
  find(user: number, state: ChannelState): KnownMember | undefined {
    const known = user === state.lowUser ? state.lowMember : state.highMember;
    if (known !== undefined) return known;
    const row = this.#find.get([user, state.number]);
    if (row === undefined) return undefined;
    return rememberMember(state, memberFrom(row));
  }

  /**
   * Moves cursors forward, at the time `at`; inside a transaction. Unknown channels, users and devices are passed over. A
   * damaged row begins anew with what is written, so that it is damaged no longer.
   */
  write(write: Named<CursorWrite>, at: number): void {
    const state = this.#channels.find(write.channel);
    const user = state === undefined ? undefined : memberNumber(state, write.user);
    if (state === undefined || user === undefined) return;
    const member = this.#findOrRenew(user, state);
    if (member === undefined) return;
    const read = Math.max(member.read, write.read ?? 0);
    const delivered = Math.max(member.delivered, write.delivered ?? 0);
    if (read !== member.read || delivered !== member.delivered) {
      const crc = rowChecksum(user, state.number, member.visibleFrom, member.leftAt, read, delivered);
      this.#update.run([read, delivered, crc, user, state.number]);
      rememberMember(state, { ...member, read, delivered });
    }
    for (const [device, offset] of write.devices) {
      const number = this.#devices.acknowledged(write.user, device, at);
      if (number !== undefined) this.#moveCursor(number, state, offset);
    }
  }

  #findOrRenew(user: number, state: ChannelState): MemberRow | undefined {
    try {
      return this.find(user, state);
    } catch (error) {
      if (!isDamage(error)) throw error;
      const fresh = unreadMember(user, state.number);
      const crc = rowChecksum(user, state.number, fresh.visibleFrom, fresh.leftAt, fresh.read, fresh.delivered);
      this.#renew.run([fresh.visibleFrom, fresh.leftAt, fresh.read, fresh.delivered, crc, user, state.number]);
      return fresh;
    }
  }

  #moveCursor(device: number, state: ChannelState, offset: number): void {
    const row = this.#findCursor.get([device, state.number]);
    if (row !== undefined && isAtLeast(row, offset)) return;
    this.#putCursor.run([device, state.number, offset, rowChecksum(device, state.number, offset)]);
  }
}

/** So that it need not be read again while the channel is in memory. */
export function rememberMember(state: ChannelState, member: MemberRow): KnownMember {
  const { user, channel, visibleFrom, leftAt, read, delivered } = member;
  const known = {
    user,
    channel,
    visibleFrom,
    leftAt,
    read,
    delivered,
    countedAt: -1,
    othersThen: 0,
    receivedAt: -1,
    receivedBytes: 0,
  };
  if (user === state.lowUser) state.lowMember = known;
  else state.highMember = known;
  return known;
}

/**
 * In place of a row that is damaged: the state of a member who has read nothing. Members of direct channels see all of
 * them, so it reveals nothing.
 */
export function unreadMember(user: number, channel: number): KnownMember {
  return {
    user,
    channel,
    visibleFrom: 1,
    leftAt: null,
    read: 0,
    delivered: 0,
    countedAt: -1,
    othersThen: 0,
    receivedAt: -1,
    receivedBytes: 0,
  };
}

/** Verifies a row of `member`. */
export function memberFrom(row: SqlRow): MemberRow {
  const user = integerOf(row, 'user');
  const channel = integerOf(row, 'channel');
  const visibleFrom = integerOf(row, 'visible_from');
  const leftAt = row['left_at'] === null ? null : integerOf(row, 'left_at');
  const read = integerOf(row, 'read');
  const delivered = integerOf(row, 'delivered');
  const actual = rowChecksum(user, channel, visibleFrom, leftAt, read, delivered);
  expectChecksum(integerOf(row, 'crc'), actual, `the row of member ${user} in channel ${channel}`);
  return { user, channel, visibleFrom, leftAt, read, delivered };
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
