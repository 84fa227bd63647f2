// The tables, their version, and the way from older versions.

import { foldedName } from '../../../channel/profile.js';
import { noUsage } from '../../quotas.js';
import { isDamage } from '../damage.js';
import {
  integerOf,
  newestNumber,
  type SqlDatabase,
  type SqlRow,
  type SqlStatement,
  textOf,
} from '../driver/sql-database.js';
import { markOf } from '../places/place-table.js';
import { UsageTable } from './usage-table.js';

/**
 * Text that clients wrote is kept as the bytes of its UTF-8 (BLOB): lengths are exact and NUL is an ordinary character,
 * whichever driver reads it.
 */
const VERSION_1 = `
CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE user (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, announcements_from INTEGER NOT NULL, created_at INTEGER NOT NULL,
  crc INTEGER NOT NULL
);
CREATE TABLE device (
  id INTEGER PRIMARY KEY, user INTEGER NOT NULL, name TEXT NOT NULL, created_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
  crc INTEGER NOT NULL, UNIQUE (user, name)
);
CREATE TABLE channel (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, life INTEGER NOT NULL, base INTEGER NOT NULL,
  low_user INTEGER, high_user INTEGER, created_at INTEGER NOT NULL, crc INTEGER NOT NULL
);
CREATE TABLE member (
  user INTEGER NOT NULL, channel INTEGER NOT NULL, visible_from INTEGER NOT NULL, left_at INTEGER,
  read INTEGER NOT NULL, delivered INTEGER NOT NULL, crc INTEGER NOT NULL,
  PRIMARY KEY (user, channel)
) WITHOUT ROWID;
CREATE TABLE cursor (
  device INTEGER NOT NULL, channel INTEGER NOT NULL, offset INTEGER NOT NULL, crc INTEGER NOT NULL,
  PRIMARY KEY (device, channel)
) WITHOUT ROWID;
CREATE TABLE entry (
  id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, offset INTEGER NOT NULL, messages INTEGER NOT NULL,
  sender_messages INTEGER NOT NULL, sender INTEGER NOT NULL, at INTEGER NOT NULL, kind INTEGER NOT NULL,
  body_format INTEGER NOT NULL, crc INTEGER NOT NULL, key BLOB, body BLOB, slot BLOB, headers BLOB, content_type BLOB,
  reply_to INTEGER, reply_epoch BLOB, expires_at INTEGER
);
CREATE UNIQUE INDEX entry_position ON entry (channel, offset);
`;

/**
 * Entries as records in the order of their commits, and where they are in a table of its own, so that a commit touches no
 * index (docs/decisions/0021-entries-are-records-and-their-places-are-filled-in-later.md). The rows of version 1 stay as
 * they are: their index has the content and the order of the new table.
 */
const VERSION_2 = `
ALTER TABLE entry RENAME TO entry_v1;
CREATE TABLE entry (
  seq INTEGER PRIMARY KEY, channel INTEGER NOT NULL, offset INTEGER NOT NULL, crc INTEGER NOT NULL, record BLOB NOT NULL
);
CREATE TABLE place (
  channel INTEGER NOT NULL, offset INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (channel, offset)
) WITHOUT ROWID;
INSERT OR IGNORE INTO place SELECT channel, offset, id FROM entry_v1 INDEXED BY entry_position ORDER BY channel, offset;
DROP INDEX entry_position;
CREATE TABLE usage (
  user INTEGER PRIMARY KEY, through INTEGER NOT NULL, stored_bytes INTEGER NOT NULL, channels_begun INTEGER NOT NULL,
  hour_start INTEGER NOT NULL, hour_peers INTEGER NOT NULL, day_start INTEGER NOT NULL, day_peers INTEGER NOT NULL,
  crc INTEGER NOT NULL
);
`;

/**
 * Channels of every kind, their rights and members. New columns of old rows have the values that add nothing to their
 * checksums, so that no row is written: `channel-table.ts` and `member-table.ts` say which.
 *
 * `member` has the newest stay of each user in each channel, `stay` the ones before it, `roster` the members that a group has
 * now by their names. `authored` counts the messages of each sender where there may be more than two of them.
 */
const VERSION_3 = `
CREATE TABLE kind (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, crc INTEGER NOT NULL);
CREATE TABLE application (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, crc INTEGER NOT NULL);
ALTER TABLE channel ADD COLUMN rights INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN blocks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN settings INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN members INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN begun INTEGER NOT NULL DEFAULT 1;
ALTER TABLE member ADD COLUMN joined INTEGER NOT NULL DEFAULT 0;
ALTER TABLE member ADD COLUMN due_from INTEGER NOT NULL DEFAULT 1;
ALTER TABLE member ADD COLUMN role INTEGER NOT NULL DEFAULT 0;
ALTER TABLE member ADD COLUMN stays INTEGER NOT NULL DEFAULT 0;
CREATE TABLE stay (
  user INTEGER NOT NULL, channel INTEGER NOT NULL, number INTEGER NOT NULL, joined INTEGER NOT NULL, left_at INTEGER NOT NULL,
  role INTEGER NOT NULL, due_from INTEGER NOT NULL, visible_from INTEGER NOT NULL, crc INTEGER NOT NULL,
  PRIMARY KEY (user, channel, number)
) WITHOUT ROWID;
CREATE TABLE roster (
  channel INTEGER NOT NULL, name TEXT NOT NULL, user INTEGER NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (channel, name)
) WITHOUT ROWID;
CREATE TABLE settings (channel INTEGER PRIMARY KEY, version INTEGER NOT NULL, text BLOB NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE authored (
  channel INTEGER NOT NULL, sender INTEGER NOT NULL, offset INTEGER NOT NULL, rank INTEGER NOT NULL, crc INTEGER NOT NULL,
  PRIMARY KEY (channel, sender, offset)
) WITHOUT ROWID;
CREATE TABLE expiry (
  at INTEGER NOT NULL, channel INTEGER NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (at, channel, offset)
) WITHOUT ROWID;
`;

/** What is known of users beside their devices and channels. */
const USER_STATES = `
CREATE TABLE user_state (
  user INTEGER PRIMARY KEY, last_seen_at INTEGER NOT NULL, hides INTEGER NOT NULL, crc INTEGER NOT NULL
);
`;

/** Whom a user blocks. Channels without a block, nearly all of them, are in neither index. */
const BLOCK_INDEXES = `
CREATE INDEX channel_low_blocks ON channel (low_user) WHERE blocks & 1 <> 0;
CREATE INDEX channel_high_blocks ON channel (high_user) WHERE blocks & 2 <> 0;
`;

/** What users want of their channels. */
const PREFERENCES = `
CREATE TABLE preference (
  user INTEGER NOT NULL, channel INTEGER NOT NULL, muted_until INTEGER NOT NULL, archived INTEGER NOT NULL,
  hidden_through INTEGER NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (user, channel)
) WITHOUT ROWID;
`;

/**
 * Users who are invited to groups, or have asked to join. By their names, because neither they nor the one who invites
 * them need have been seen.
 */
const PENDING = `
CREATE TABLE pending (
  channel INTEGER NOT NULL, user TEXT NOT NULL, state INTEGER NOT NULL, inviter TEXT NOT NULL, at INTEGER NOT NULL,
  crc INTEGER NOT NULL, PRIMARY KEY (channel, user)
) WITHOUT ROWID;
CREATE INDEX pending_of_user ON pending (user);
`;

/** What users have used in groups, and the groups that they are in. Other channels, nearly all of them, are not in the index. */
const GROUP_USAGE = `
CREATE TABLE group_usage (
  user TEXT NOT NULL PRIMARY KEY, joins_start INTEGER NOT NULL, joins INTEGER NOT NULL, adds_start INTEGER NOT NULL,
  adds INTEGER NOT NULL, crc INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX group_member ON member (user) WHERE role <> 0 AND left_at IS NULL;
`;

/** The newest entries of slots, and what does not count as unread although it was not read. */
const SLOTS = `
CREATE TABLE slot (
  channel INTEGER NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (channel, name)
) WITHOUT ROWID;
CREATE TABLE uncounted (channel INTEGER NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (channel, offset)) WITHOUT ROWID;
`;

/** How users are shown. */
const PROFILES = `
CREATE TABLE profile (user INTEGER PRIMARY KEY, name TEXT NOT NULL, picture TEXT NOT NULL, crc INTEGER NOT NULL);
`;

/** Users by their names as `foldedName` writes them. */
const FOLDED_NAMES = `
ALTER TABLE profile ADD COLUMN folded TEXT NOT NULL DEFAULT '';
CREATE INDEX profile_folded ON profile (folded) WHERE folded <> '';
`;

function foldNames(database: SqlDatabase): void {
  database.exec(FOLDED_NAMES);
  const update = database.prepare('UPDATE profile SET folded = ? WHERE user = ?');
  for (const row of readAll(database.prepare('SELECT user, name FROM profile'))) {
    update.run([foldedName(textOf(row, 'name')), integerOf(row, 'user')]);
  }
}

/** Those among the uncounted that were read one by one. */
const SINGLE_READS = `
ALTER TABLE uncounted ADD COLUMN is_read INTEGER NOT NULL DEFAULT 0;
CREATE INDEX uncounted_read ON uncounted (channel, offset) WHERE is_read = 1;
`;

function toVersion2(database: SqlDatabase): void {
  database.exec(VERSION_2);
  const newest = newestNumber(database.prepare('SELECT max(id) AS id FROM entry_v1'));
  if (newest === 0) database.exec('DROP TABLE entry_v1');
  else countUsage(database, newest);
  database.prepare("INSERT INTO meta (name, value) VALUES ('placed', ?)").run([markOf(newest)]);
}

/** New peers are counted from now on. */
function countUsage(database: SqlDatabase, through: number): void {
  const usages = new UsageTable(database);
  const counted = database.prepare(
    'SELECT sender, sum(length(body) + coalesce(length(headers), 0)) AS bytes, sum(offset = 1) AS begun FROM entry_v1 GROUP BY sender',
  );
  for (const row of readAll(counted)) {
    const storedBytes = integerOf(row, 'bytes');
    usages.put(
      integerOf(row, 'sender'),
      { ...noUsage(), storedBytes, channelsBegun: integerOf(row, 'begun') },
      through,
    );
  }
}

/** None where damage is in the way: it must not keep the store from being opened. */
function readAll(statement: SqlStatement): readonly SqlRow[] {
  try {
    return statement.all([]);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return [];
  }
}

/** Step n brings a store of version n to n + 1, inside a transaction. */
export const SCHEMA_STEPS: readonly ((database: SqlDatabase) => void)[] = [
  (database) => database.exec(VERSION_1),
  toVersion2,
  (database) => database.exec(VERSION_3),
  (database) => database.exec(USER_STATES),
  (database) => database.exec(BLOCK_INDEXES),
  (database) => database.exec(PREFERENCES),
  (database) => database.exec(PENDING),
  (database) => database.exec(GROUP_USAGE),
  (database) => database.exec(SLOTS),
  (database) => database.exec(PROFILES),
  foldNames,
  (database) => database.exec(SINGLE_READS),
];

export const SCHEMA_VERSION = SCHEMA_STEPS.length;
