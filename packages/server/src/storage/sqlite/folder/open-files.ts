// Whether the files that SQLite has open are still the ones that their names lead to. What is written to a file that was
// removed or replaced meanwhile is gone after a restart, however well it was synced.

import { statSync } from 'node:fs';
import { ServerError } from '../../../errors.js';

/** Of a file, while this process runs: after a reboot the device number may be another. */
interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

export class OpenFiles {
  readonly #database: string;
  readonly #log: string;
  readonly #databaseIdentity: FileIdentity | undefined;
  #logIdentity: FileIdentity | undefined;

  /** @param database path of a database that SQLite has just opened */
  constructor(database: string) {
    this.#database = database;
    this.#log = `${database}-wal`;
    this.#databaseIdentity = identityOf(this.#database);
    this.#logIdentity = identityOf(this.#log);
  }

  /**
   * After a commit, which wrote to the write-ahead log, or a checkpoint, which wrote to the database.
   * @throws ServerError `fatal`
   */
  assertInPlace(): void {
    assertSame(this.#database, this.#databaseIdentity);
    // On a full disk the log may begin with the first commit.
    this.#logIdentity ??= identityOf(this.#log);
    assertSame(this.#log, this.#logIdentity);
  }
}

function identityOf(path: string): FileIdentity | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && { device: stats.dev, inode: stats.ino };
}

function assertSame(path: string, opened: FileIdentity | undefined): void {
  const found = identityOf(path);
  if (found !== undefined && found.inode === opened?.inode && found.device === opened.device) return;
  const what = found === undefined ? 'removed' : 'replaced by another file';
  throw new ServerError(
    'fatal',
    `${path} was ${what} while the server had it open: what was written since is not kept`,
  );
}
