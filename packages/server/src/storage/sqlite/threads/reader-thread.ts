// The reader thread: a second connection that only reads the log, one call after the other, so that no reader waits for a
// commit and no commit for a reader. Where the driver lets two connections share a file.

import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { DamageListener } from '../damage.js';
import { configureConnection, DATABASE_FILE } from '../driver/connection-settings.js';
import type { SqlDatabase } from '../driver/sql-database.js';
import { ChannelLog } from '../places/channel-log.js';
import { PlaceTable } from '../places/place-table.js';
import { type PlaceRing, RecentPlaces } from '../places/recent-places.js';
import { FeedReader } from '../reading/feed-reader.js';
import { searchIn } from '../reading/key-search.js';
import { emptyPage, headFrameOf } from '../reading/page-frames.js';
import { PageReader } from '../reading/page-reader.js';
import { asStorageError } from '../storage-failures.js';
import { ChannelTable } from '../tables/channel-table.js';
import { EntryTable } from '../tables/entry-table.js';
import { RowNames } from '../tables/row-names.js';
import {
  type CallMessage,
  type CallOutcome,
  type FromWorker,
  failureOf,
  type PageOutcome,
  type ToWorker,
  type WorkerCalls,
} from './worker-messages.js';

type PageRequestFrame = WorkerCalls['pages']['input'][number];

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
  readonly #log: ChannelLog;
  readonly #names: RowNames;
  readonly #pages: PageReader;
  readonly #feed: FeedReader;
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
    this.#log = log;
    this.#channels = new ChannelTable(database, log);
    this.#names = new RowNames(database);
    const onDamage: DamageListener = (damage) => this.#post({ type: 'damage', failure: failureOf(damage) });
    this.#pages = new PageReader(log, this.#names, onDamage);
    this.#feed = new FeedReader(database, entries, this.#names, onDamage);
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
    } else if (message.type === 'call') {
      this.#post({ type: 'done', appends: [], calls: [this.#reply(message)], isWritable: true });
    }
  }

  #reply(call: CallMessage): CallOutcome {
    const { id, method } = call;
    try {
      if (method === 'pages') return { id, output: this.#read(() => call.input.map((request) => this.#page(request))) };
      if (method === 'searchKey') return { id, output: this.#read(() => this.#search(call.input)) };
      if (method === 'feed') return { id, output: this.#feedPage(call.input) };
      throw new TypeError(`expected a call that only reads the log, got ${method}`);
    } catch (error) {
      return { id, failure: failureOf(asStorageError(error)) };
    }
  }

  #read<Output>(read: () => Output): Output {
    // One transaction: the head and the rows are those of one moment, no earlier than that of the newest places.
    const { newest } = this.#ring;
    this.#database.exec('BEGIN');
    try {
      this.#recent.follow(newest, this.#places.placed() ?? this.#recent.floor);
      return read();
    } finally {
      this.#database.exec('COMMIT');
    }
  }

  #page(request: PageRequestFrame): PageOutcome {
    try {
      const state = this.#channels.read(request.channel);
      if (state === undefined) return emptyPage(headFrameOf(request.channel, undefined));
      return this.#pages.read(state, request);
    } catch (error) {
      return failureOf(asStorageError(error));
    }
  }

  #search(search: WorkerCalls['searchKey']['input']): WorkerCalls['searchKey']['output'] {
    return searchIn(this.#log, this.#channels.read(search.channel), search, this.#names.findAuthor(search));
  }

  #feedPage({ after, limit }: WorkerCalls['feed']['input']): WorkerCalls['feed']['output'] {
    // What the ring has published is committed.
    return this.#feed.read(after, limit, this.#ring.newest);
  }

  #post(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}
