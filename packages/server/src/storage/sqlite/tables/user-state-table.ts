// The table `user_state`: when users were last seen, and what they want others to see. A user without a row has the defaults.

import type { UserSettings } from '@longwire/protocol';
import { ServerError } from '../../../errors.js';
import { defaultUserSettings } from '../../user-states.js';
import { integerOf, type SqlDatabase, type SqlStatement } from '../driver/sql-database.js';
import { expectChecksum, rowChecksum } from '../row-checks.js';

export interface UserStateRow {
  readonly lastSeenAt: number | undefined;
  readonly settings: UserSettings;
}

const NO_STATE: UserStateRow = Object.freeze({ lastSeenAt: undefined, settings: defaultUserSettings });
/** Never renumbered: bits of the column `hides`. */
const HIDES_PRESENCE = 1;
const HIDES_RECEIPTS = 2;
const NEVER = 0;

export class UserStateTable {
  readonly #find: SqlStatement;
  readonly #put: SqlStatement;

  constructor(database: SqlDatabase) {
    this.#find = database.prepare('SELECT user, last_seen_at, hides, crc FROM user_state WHERE user = ?');
    this.#put = database.prepare('INSERT OR REPLACE INTO user_state (user, last_seen_at, hides, crc) VALUES (?,?,?,?)');
  }

  /** @throws ServerError `corrupt` */
  find(user: number): UserStateRow {
    const row = this.#find.get([user]);
    if (row === undefined) return NO_STATE;
    const lastSeenAt = integerOf(row, 'last_seen_at');
    const hides = integerOf(row, 'hides');
    expectChecksum(integerOf(row, 'crc'), rowChecksum(user, lastSeenAt, hides), `the state of user number ${user}`);
    if (lastSeenAt < NEVER) throw new ServerError('corrupt', `user number ${user} was last seen before 1970`);
    return {
      lastSeenAt: lastSeenAt === NEVER ? undefined : lastSeenAt,
      settings: { presence: (hides & HIDES_PRESENCE) === 0, receipts: (hides & HIDES_RECEIPTS) === 0 },
    };
  }

  /** Inside a transaction. */
  put(user: number, { lastSeenAt = NEVER, settings }: UserStateRow): void {
    const hides = (settings.presence ? 0 : HIDES_PRESENCE) | (settings.receipts ? 0 : HIDES_RECEIPTS);
    this.#put.run([user, lastSeenAt, hides, rowChecksum(user, lastSeenAt, hides)]);
  }
}
