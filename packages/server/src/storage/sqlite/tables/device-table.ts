// Devices of users: created at their first sign-in, forgotten when there are too many. `used_at` orders them by use: it is the
// time of the last use, but never earlier than that of a use before it, so a clock that goes back changes no order.
//
// `created_at` is 0 while a device is unfinished: not all of its first cursors are written, or some were removed already. Users
// may have many channels, so both are done in steps, each in one transaction with those of others.

import type { DeviceId, UserId } from '@longwire/protocol';
import type { DeviceRefusal, DeviceSignIn, DeviceState, UnfinishedDevice } from '../../directory.js';
import {
  integerOf,
  newestNumber,
  type SqlDatabase,
  type SqlRow,
  type SqlStatement,
  textOf,
} from '../driver/sql-database.js';
import { expectChecksum, IndexNeighbours, rowChecksum } from '../row-checks.js';
import type { UserTable } from './user-table.js';

/** A use within this time of the stored one is not written, if that changes no order: a transaction without changes costs no sync. */
const USE_RESOLUTION_MS = 60_000;
/** Cursors that one step writes or removes. Together with those of others in one transaction they take a few milliseconds. */
export const DEVICE_STEP_CURSORS = 250;
/** Of a device that is unfinished. */
const UNFINISHED = 0;
const MAX_TIME = Number.MAX_SAFE_INTEGER - 1;

export class DeviceTable {
  readonly #users: UserTable;
  readonly #maxPerUser: number;
  readonly #byName: SqlStatement;
  readonly #neighbours: IndexNeighbours;
  readonly #insert: SqlStatement;
  readonly #update: SqlStatement;
  readonly #count: SqlStatement;
  readonly #byUse: SqlStatement;
  readonly #lastUse: SqlStatement;
  readonly #forgetCursors: SqlStatement;
  readonly #hasCursors: SqlStatement;
  readonly #forget: SqlStatement;
  readonly #newest: SqlStatement;
  readonly #channelsAfter: SqlStatement;
  readonly #startCursor: SqlStatement;

  constructor(database: SqlDatabase, users: UserTable, maxPerUser: number) {
    this.#users = users;
    this.#maxPerUser = maxPerUser;
    const columns = 'id, user, name, created_at, used_at, crc';
    this.#byName = database.prepare(`SELECT ${columns} FROM device WHERE user = ? AND name = ?`);
    this.#neighbours = new IndexNeighbours(database, 'device', ['user', 'name']);
    this.#insert = database.prepare(`INSERT INTO device (${columns}) VALUES (?,?,?,?,?,?)`);
    this.#update = database.prepare('UPDATE device SET created_at = ?, used_at = ?, crc = ? WHERE id = ?');
    this.#count = database.prepare('SELECT count(*) AS count FROM device WHERE user = ?');
    this.#byUse = database.prepare('SELECT id, name FROM device WHERE user = ? ORDER BY used_at, id');
    // What a damaged row has may be no time.
    this.#lastUse = database.prepare(
      `SELECT max(used_at) AS used_at FROM device WHERE user = ? AND used_at BETWEEN 0 AND ${MAX_TIME}`,
    );
    this.#forgetCursors = database.prepare(
      'DELETE FROM cursor WHERE device = ?1 AND channel IN (SELECT channel FROM cursor WHERE device = ?1 ORDER BY channel LIMIT ?2)',
    );
    this.#hasCursors = database.prepare('SELECT 1 AS one FROM cursor WHERE device = ? LIMIT 1');
    this.#forget = database.prepare('DELETE FROM device WHERE id = ?');
    this.#newest = database.prepare('SELECT max(id) AS id FROM device');
    // All channels, also those that are not read: a step looks at a bounded number of rows.
    this.#channelsAfter = database.prepare(
      'SELECT channel, read FROM member WHERE user = ? AND channel > ? ORDER BY channel LIMIT ?',
    );
    // Of a device that began anew, some cursors are there already; what it acknowledged meanwhile counts.
    this.#startCursor = database.prepare(
      'INSERT INTO cursor (device, channel, offset, crc) VALUES (?,?,?,?) ON CONFLICT (device, channel) DO UPDATE ' +
        'SET offset = excluded.offset, crc = excluded.crc WHERE excluded.offset > cursor.offset',
    );
  }

  /** The device's number; undefined for a user or device never seen. */
  find(user: UserId, device: DeviceId): number | undefined {
    const userNumber = this.#users.find(user);
    if (userNumber === undefined) return undefined;
    return this.#find(userNumber, device)?.number;
  }

  /** How the device stands. */
  stateOf(user: UserId, device: DeviceId): DeviceState {
    const userNumber = this.#users.find(user);
    if (userNumber === undefined) return 'new';
    if (isFinished(this.#find(userNumber, device))) return 'known';
    return this.#isFull(userNumber) ? 'maybe-forgotten' : 'new';
  }

  /** Whether a user has ever signed in. */
  hasAny(user: number): boolean {
    return this.#countOf(user) > 0;
  }

  /** A device signs in, or goes on signing in: one step of it, inside a transaction. */
  open({
    user,
    device,
    mustExist,
    at,
    inUse,
    unfinished,
  }: DeviceSignIn): DeviceState | DeviceRefusal | UnfinishedDevice {
    if (mustExist.user && this.#users.find(user) === undefined) return 'unknown-user';
    const found = this.stateOf(user, device);
    if (mustExist.device && found !== 'known') return 'unknown-device';
    const userNumber = this.#users.ensure(user, at);
    const row = this.#find(userNumber, device);
    if (row !== undefined && found === 'known') {
      this.#use(userNumber, row, at);
      return found;
    }
    const state = unfinished?.state ?? found;
    if (row === undefined && this.#isFull(userNumber)) {
      const isDone = this.#forgetLongestUnused(userNumber, inUse);
      if (isDone === undefined) return 'all-in-use';
      // More than one, if fewer are allowed than before.
      if (!isDone || this.#isFull(userNumber)) return { state, after: 0 };
    }
    const started = row ?? this.#insertUnfinished(userNumber, device, at);
    // One that was forgotten meanwhile begins anew.
    const writtenTo = row === undefined ? 0 : (unfinished?.after ?? 0);
    const after = this.#startAtReadCursors(userNumber, started.number, writtenTo);
    if (after !== undefined) return { state, after };
    this.#change(userNumber, started, Math.max(at, UNFINISHED + 1), Math.max(at, this.lastUseOf(userNumber) + 1));
    return state;
  }

  /** A device acknowledged something; inside a transaction. Returns its number, undefined if it is not known. */
  acknowledged(user: UserId, device: DeviceId, at: number): number | undefined {
    const userNumber = this.#users.find(user);
    const known = userNumber === undefined ? undefined : this.#find(userNumber, device);
    if (userNumber === undefined || known === undefined) return undefined;
    const age = at - known.usedAt;
    if (age < 0 || age >= USE_RESOLUTION_MS) this.#use(userNumber, known, at);
    return known.number;
  }

  #find(user: number, device: DeviceId): DeviceRow | undefined {
    const row = this.#byName.get([user, device]);
    if (row !== undefined) return deviceFrom(row);
    this.#neighbours.expectRight([user, device]);
    return undefined;
  }

  #isFull(user: number): boolean {
    return this.#countOf(user) >= this.#maxPerUser;
  }

  #countOf(user: number): number {
    const row = this.#count.get([user]);
    return row === undefined ? 0 : integerOf(row, 'count');
  }

  #insertUnfinished(user: number, name: string, at: number): DeviceRow {
    const number = newestNumber(this.#newest) + 1;
    const usedAt = Math.max(at, this.lastUseOf(user) + 1);
    this.#insert.run([number, user, name, UNFINISHED, usedAt, rowChecksum(number, user, name, UNFINISHED, usedAt)]);
    return { number, name, createdAt: UNFINISHED, usedAt };
  }

  /** Makes the device the last one used. Not written if it is that already, and was used a moment ago. */
  #use(user: number, device: DeviceRow, at: number): void {
    const last = this.lastUseOf(user);
    if (device.usedAt === last && at - device.usedAt < USE_RESOLUTION_MS) return;
    this.#change(user, device, device.createdAt, Math.max(at, last + 1));
  }

  #change(user: number, { number, name }: Pick<DeviceRow, 'number' | 'name'>, createdAt: number, usedAt: number): void {
    this.#update.run([createdAt, usedAt, rowChecksum(number, user, name, createdAt, usedAt), number]);
  }

  /** When any device of the user was last used, to the minute; 0: never. */
  lastUseOf(user: number): number {
    const row = this.#lastUse.get([user]);
    return row === undefined || row['used_at'] === null ? 0 : integerOf(row, 'used_at');
  }

  /** One step of it. False: there are more of its cursors. Undefined: all devices are in use. */
  #forgetLongestUnused(user: number, inUse: readonly string[]): boolean | undefined {
    const names = new Set<unknown>(inUse);
    const row = this.#byUse.all([user]).find(({ name }) => !names.has(name));
    if (row === undefined) return undefined;
    const number = integerOf(row, 'id');
    this.#forgetCursors.run([number, DEVICE_STEP_CURSORS]);
    if (this.#hasCursors.get([number]) === undefined) {
      this.#forget.run([number]);
      return true;
    }
    // It lacks some of its cursors: if it comes back before it is forgotten, it begins anew.
    this.#change(user, { number, name: textOf(row, 'name') }, UNFINISHED, 0);
    return false;
  }

  /**
   * At the first connect of a device its cursors are written, one for every channel that the user has read. One step of it.
   * @returns where the next step goes on; undefined: that was the last one
   */
  #startAtReadCursors(user: number, device: number, after: number): number | undefined {
    const rows = this.#channelsAfter.all([user, after, DEVICE_STEP_CURSORS]);
    for (const row of rows) {
      const read = integerOf(row, 'read');
      if (read <= 0) continue;
      const channel = integerOf(row, 'channel');
      this.#startCursor.run([device, channel, read, rowChecksum(device, channel, read)]);
    }
    return rows.length < DEVICE_STEP_CURSORS ? undefined : integerOf(rows.at(-1)!, 'channel');
  }
}

interface DeviceRow {
  readonly number: number;
  readonly name: string;
  readonly createdAt: number;
  readonly usedAt: number;
}

/** Whether all of its first cursors are written. */
function isFinished(device: DeviceRow | undefined): boolean {
  return device !== undefined && device.createdAt !== UNFINISHED;
}

/** Verifies a row of `device`. */
function deviceFrom(row: SqlRow): DeviceRow {
  const number = integerOf(row, 'id');
  const user = integerOf(row, 'user');
  const name = textOf(row, 'name');
  const createdAt = integerOf(row, 'created_at');
  const usedAt = integerOf(row, 'used_at');
  const actual = rowChecksum(number, user, name, createdAt, usedAt);
  expectChecksum(integerOf(row, 'crc'), actual, `the row of device ${name} of user ${user}`);
  return { number, name, createdAt, usedAt };
}
