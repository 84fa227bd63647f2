// The tables, their version, and the way from older versions.

import { ServerError } from '../../../errors.js';
import { integerOf, rollBack, type SqlDatabase, SqlFailure } from '../driver/sql-database.js';

export const SCHEMA_VERSION = 1;

/**
 * Text that clients wrote is kept as the bytes of its UTF-8 (BLOB): lengths are exact and NUL is an ordinary character,
 * whichever driver reads it. `entry` is in the order of appends, with one small index: a primary key of
 * (channel, offset) stores a quarter as much per second (docs/performance.md).
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

/** Step n brings a store of version n to n + 1. */
const MIGRATIONS: readonly string[] = [VERSION_1];

/**
 * Creates the tables or brings them to this version, each step in one transaction: a crash leaves the version before it.
 * @throws ServerError `newer_schema` naming both versions
 */
export function prepareSchema(database: SqlDatabase): void {
  const found = schemaVersionOf(database);
  if (found > SCHEMA_VERSION) {
    throw new ServerError(
      'newer_schema',
      `the store has schema version ${found}, this Longwire knows up to ${SCHEMA_VERSION}: start it with a newer Longwire, or restore a backup made by this version`,
    );
  }
  for (const [version, step] of MIGRATIONS.entries()) {
    if (version >= found) runStep(database, step, version + 1);
  }
}

function runStep(database: SqlDatabase, step: string, version: number): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(step);
    database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('schema', ?)").run([version]);
    database.exec('COMMIT');
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

function schemaVersionOf(database: SqlDatabase): number {
  const exists = database
    .prepare("SELECT 1 AS found FROM sqlite_schema WHERE type = 'table' AND name = 'meta'")
    .get([]);
  const row = exists && database.prepare("SELECT value FROM meta WHERE name = 'schema'").get([]);
  if (row !== undefined) return integerOf(row, 'value');
  // Setting WAL writes the first page; a second one means that there were tables.
  const pages = database.prepare('PRAGMA page_count').get([]);
  if (pages !== undefined && integerOf(pages, 'page_count') > 1) {
    throw new SqlFailure('corrupt', 'it has pages but no schema version');
  }
  return 0;
}
