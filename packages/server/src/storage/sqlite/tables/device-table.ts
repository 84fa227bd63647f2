// Devices of users: created at their first sign-in, forgotten when there are too many. `used_at` orders them by use: it is the
// time of the last use, but never earlier than that of a use before it, so a clock that goes back changes no order.

import type { DeviceId, UserId } from '@longwire/protocol';
import { MAX_DEVICES_PER_USER } from '../../append-check.js';
import type { DeviceRefusal, DeviceSignIn, DeviceState } from '../../directory.js';
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
const MAX_TIME = Number.MAX_SAFE_INTEGER - 1;

export class DeviceTable {
  readonly #users: UserTable;
  readonly #byName: SqlStatement;
  readonly #neighbours: IndexNeighbours;
  readonly #insert: SqlStatement;
  readonly #touch: SqlStatement;
  readonly #count: SqlStatement;
  readonly #byUse: SqlStatement;
  readonly #lastUse: SqlStatement;
  readonly #forgetCursors: SqlStatement;
  readonly #forget: SqlStatement;
  readonly #newest: SqlStatement;
  readonly #readChannels: SqlStatement;
  readonly #insertCursor: SqlStatement;

  constructor(database: SqlDatabase, users: UserTable) {
    this.#users = users;
    const columns = 'id, user, name, created_at, used_at, crc';
    this.#byName = database.prepare(`SELECT ${columns} FROM device WHERE user = ? AND name = ?`);
    this.#neighbours = new IndexNeighbours(database, 'device', ['user', 'name']);
    this.#insert = database.prepare(`INSERT INTO device (${columns}) VALUES (?,?,?,?,?,?)`);
    this.#touch = database.prepare('UPDATE device SET used_at = ?, crc = ? WHERE id = ?');
    this.#count = database.prepare('SELECT count(*) AS count FROM device WHERE user = ?');
    this.#byUse = database.prepare('SELECT id, name FROM device WHERE user = ? ORDER BY used_at, id');
    // What a damaged row has may be no time.
    this.#lastUse = database.prepare(
      `SELECT max(used_at) AS used_at FROM device WHERE user = ? AND used_at BETWEEN 0 AND ${MAX_TIME}`,
    );
    this.#forgetCursors = database.prepare('DELETE FROM cursor WHERE device = ?');
    this.#forget = database.prepare('DELETE FROM device WHERE id = ?');
    this.#newest = database.prepare('SELECT max(id) AS id FROM device');
    this.#readChannels = database.prepare('SELECT channel, read FROM member WHERE user = ? AND read > 0');
    this.#insertCursor = database.prepare('INSERT INTO cursor (device, channel, offset, crc) VALUES (?,?,?,?)');
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
    if (this.#find(userNumber, device) !== undefined) return 'known';
    return this.#isFull(userNumber) ? 'maybe-forgotten' : 'new';
  }

  /** A device signs in; inside a transaction. */
  open({ user, device, mustExist, at, inUse }: DeviceSignIn): DeviceState | DeviceRefusal {
    if (mustExist.user && this.#users.find(user) === undefined) return 'unknown-user';
    const state = this.stateOf(user, device);
    if (mustExist.device && state !== 'known') return 'unknown-device';
    const userNumber = this.#users.ensure(user, at);
    if (state === 'known') {
      this.#use(userNumber, this.#find(userNumber, device)!, at);
      return state;
    }
    if (state === 'maybe-forgotten' && !this.#forgetLongestUnused(userNumber, inUse)) return 'all-in-use';
    const number = newestNumber(this.#newest) + 1;
    const usedAt = Math.max(at, this.#lastUseOf(userNumber) + 1);
    this.#insert.run([number, userNumber, device, at, usedAt, rowChecksum(number, userNumber, device, at, usedAt)]);
    this.#startAtReadCursors(userNumber, number);
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
    const row = this.#count.get([user]);
    return row !== undefined && integerOf(row, 'count') >= MAX_DEVICES_PER_USER;
  }

  /** Makes the device the last one used. Not written if it is that already, and was used a moment ago. */
  #use(user: number, { number, name, createdAt, usedAt }: DeviceRow, at: number): void {
    const last = this.#lastUseOf(user);
    if (usedAt === last && at - usedAt < USE_RESOLUTION_MS) return;
    const next = Math.max(at, last + 1);
    this.#touch.run([next, rowChecksum(number, user, name, createdAt, next), number]);
  }

  /** Of any device of the user; 0: it has none. */
  #lastUseOf(user: number): number {
    const row = this.#lastUse.get([user]);
    return row === undefined || row['used_at'] === null ? 0 : integerOf(row, 'used_at');
  }

  /** False: all of them are in use. */
  #forgetLongestUnused(user: number, inUse: readonly string[]): boolean {
    const names = new Set<unknown>(inUse);
    const row = this.#byUse.all([user]).find(({ name }) => !names.has(name));
    if (row === undefined) return false;
    const device = integerOf(row, 'id');
    this.#forgetCursors.run([device]);
    this.#forget.run([device]);
    return true;
  }

  /** At the first connect of a device its cursors are written, one for every channel that the user has read. */
  #startAtReadCursors(user: number, device: number): void {
    for (const row of this.#readChannels.all([user])) {
      const channel = integerOf(row, 'channel');
      const read = integerOf(row, 'read');
      this.#insertCursor.run([device, channel, read, rowChecksum(device, channel, read)]);
    }
  }
}

interface DeviceRow {
  readonly number: number;
  readonly name: string;
  readonly createdAt: number;
  readonly usedAt: number;
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
