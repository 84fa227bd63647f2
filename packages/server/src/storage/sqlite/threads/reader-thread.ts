// The reader thread: a second connection that only reads pages, one after the other, so that history waits for no commit and
// no commit for history. Where the driver lets two connections share a file.

import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { configureConnection, DATABASE_FILE } from '../driver/connection-settings.js';
import type { SqlDatabase } from '../driver/sql-database.js';
import { ChannelLog } from '../places/channel-log.js';
import { PlaceTable } from '../places/place-table.js';
import { type PlaceRing, RecentPlaces } from '../places/recent-places.js';
import { headFrameOf } from '../reading/page-frames.js';
import { PageReader } from '../reading/page-reader.js';
import { asStorageError } from '../storage-failures.js';
import { ChannelTable } from '../tables/channel-table.js';
import { EntryTable } from '../tables/entry-table.js';
import { type CallOutcome, type FromWorker, failureOf, type ToWorker, type WorkerCalls } from './worker-messages.js';

type PageCall = WorkerCalls['page'];

interface ReaderOptions {
  readonly folder: string;
  readonly open: (path: string) => SqlDatabase;
  /** The writer's. */
  readonly ring: PlaceRing;
}

export class ReaderThread {
  readonly #database: SqlDatabase;
  readonly #ring: PlaceRing;
  readonly #places: PlaceTable;
  readonly #recent: RecentPlaces;
  readonly #channels: ChannelTable;
  readonly #pages: PageReader;
  readonly #port: MessagePort;

  constructor(options: ReaderOptions, port: MessagePort) {
    const database = options.open(join(options.folder, DATABASE_FILE));
    configureConnection(database);
    database.exec('PRAGMA query_only=ON');
    this.#database = database;
    this.#ring = options.ring;
    const entries = new EntryTable(database);
    this.#places = new PlaceTable(database, entries);
    this.#recent = new RecentPlaces(this.#ring, this.#places.placed() ?? 0);
    const log = new ChannelLog(database, entries, this.#places, this.#recent);
    this.#channels = new ChannelTable(database, log);
    this.#pages = new PageReader(log);
    this.#port = port;
  }

  start(): void {
    this.#port.on('message', (message: ToWorker) => this.#accept(message));
  }

  #accept(message: ToWorker): void {
    if (message.type === 'close') {
      this.#database.close();
      this.#post({ type: 'closed' });
      this.#port.close();
    } else if (message.type === 'call' && message.method === 'page') {
      this.#post({ type: 'done', appends: [], calls: [this.#reply(message)], isWritable: true });
    }
  }

  #reply({ id, input }: { readonly id: number; readonly input: PageCall['input'] }): CallOutcome {
    try {
      return { id, output: this.#page(input) };
    } catch (error) {
      return { id, failure: failureOf(asStorageError(error)) };
    }
  }

  #page(request: PageCall['input']): PageCall['output'] {
    // One transaction: the head and the rows are those of one moment, no earlier than that of the newest places.
    const { newest } = this.#ring;
    this.#database.exec('BEGIN');
    try {
      this.#recent.follow(newest, this.#places.placed() ?? this.#recent.floor);
      const state = this.#channels.read(request.channel);
      if (state === undefined) return { ...headFrameOf(request.channel, undefined), entries: [], more: false };
      return this.#pages.read(state, request);
    } finally {
      this.#database.exec('COMMIT');
    }
  }

  #post(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}
