// A second connection that only reads pages, on a thread of its own: history then waits for no commit, and no commit for
// history. Where the driver lets two connections share a file.

import { join } from 'node:path';
import { ChannelTable } from './channel-table.js';
import type { SqlDatabase } from './driver/sql-database.js';
import { configureConnection, DATABASE_FILE } from './open-database.js';
import { headFrameOf } from './page-frames.js';
import { PageReader } from './page-reader.js';
import type { WorkerCalls } from './worker-messages.js';

export class PageConnection {
  readonly #database: SqlDatabase;
  readonly #channels: ChannelTable;
  readonly #pages: PageReader;

  constructor(options: { readonly folder: string; readonly open: (path: string) => SqlDatabase }) {
    this.#database = options.open(join(options.folder, DATABASE_FILE));
    configureConnection(this.#database);
    this.#database.exec('PRAGMA query_only=ON');
    this.#channels = new ChannelTable(this.#database);
    this.#pages = new PageReader(this.#database);
  }

  /** @throws StorageError `corrupt` */
  page(request: WorkerCalls['page']['input']): WorkerCalls['page']['output'] {
    // One transaction: the head and the rows are those of one moment.
    this.#database.exec('BEGIN');
    try {
      const state = this.#channels.read(request.channel);
      if (state === undefined) return { ...headFrameOf(request.channel, undefined), entries: [], more: false };
      return this.#pages.read(state, request);
    } finally {
      this.#database.exec('COMMIT');
    }
  }

  close(): void {
    this.#database.close();
  }
}
