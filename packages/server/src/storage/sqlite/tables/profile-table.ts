// The table `profile`: how users are shown. A user without a row has neither a name nor a picture. `folded` only finds rows: it
// follows from the name, which has the checksum.

import type { UserProfile } from '@longwire/protocol';
import { foldedName, NO_PROFILE } from '../../../channel/profile.js';
import { GenerationCache } from '../../../runtime/generation-cache.js';
import { integerOf, type SqlDatabase, type SqlRow, type SqlStatement, textOf } from '../driver/sql-database.js';
import { expectChecksum, rowChecksum } from '../row-checks.js';

/** A sign-in looks up those of all its conversations. */
const CACHED_PROFILES = 8_192;
/** No name has it, and in UTF-8 it is above all others. */
const HIGHEST_CHARACTER = '\u{10ffff}';

export class ProfileTable {
  readonly #find: SqlStatement;
  readonly #put: SqlStatement;
  readonly #drop: SqlStatement;
  readonly #search: SqlStatement;
  readonly #known = new GenerationCache<number, UserProfile>(CACHED_PROFILES);

  constructor(database: SqlDatabase) {
    this.#find = database.prepare('SELECT user, name, picture, crc FROM profile WHERE user = ?');
    this.#put = database.prepare(
      'INSERT OR REPLACE INTO profile (user, name, picture, crc, folded) VALUES (?,?,?,?,?)',
    );
    this.#search = database.prepare(
      "SELECT user, name, picture, crc FROM profile WHERE folded <> '' AND folded >= ? AND folded < ? " +
        'ORDER BY folded, user LIMIT ?',
    );
    this.#drop = database.prepare('DELETE FROM profile WHERE user = ?');
  }

  /** @throws ServerError `corrupt` */
  find(user: number): UserProfile {
    const known = this.#known.get(user);
    if (known !== undefined) return known;
    const row = this.#find.get([user]);
    const profile = row === undefined ? NO_PROFILE : profileFrom(row);
    this.#known.set(user, profile);
    return profile;
  }

  /** Inside a transaction. */
  put(user: number, profile: UserProfile): void {
    const { name = '', picture = '' } = profile;
    if (name === '' && picture === '') this.#drop.run([user]);
    else this.#put.run([user, name, picture, rowChecksum(user, name, picture), foldedName(name)]);
    this.#known.set(user, profile);
  }

  /**
   * Ascending by the folded names, and by numbers where they are the same.
   * @param prefix  folded
   * @param onRow  called for each row, whose profile is read by `profileOf`
   */
  search<Found>(prefix: string, limit: number, onRow: (user: number, profileOf: () => UserProfile) => Found): Found[] {
    const rows = this.#search.all([prefix, `${prefix}${HIGHEST_CHARACTER}`, limit]);
    return rows.map((row) => onRow(integerOf(row, 'user'), () => profileFrom(row)));
  }

  /** After a rollback nothing that was written in the transaction may be remembered. */
  forgetAll(): void {
    this.#known.clear();
  }
}

/** Verifies a row of `profile`. */
function profileFrom(row: SqlRow): UserProfile {
  const user = integerOf(row, 'user');
  const name = textOf(row, 'name');
  const picture = textOf(row, 'picture');
  expectChecksum(integerOf(row, 'crc'), rowChecksum(user, name, picture), `the profile of user number ${user}`);
  return { name: name === '' ? undefined : name, picture: picture === '' ? undefined : picture };
}
