// The writer thread: one commit, then reads for a few milliseconds, then the next commit.

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { MAX_BATCH_ENTRIES } from '../../append-check.js';
import type { SqliteEngine } from '../engine.js';
import { asStorageError } from '../storage-failures.js';
import type { HoldWatch } from './hold-watch.js';
import {
  type BatchOutcome,
  type CallMessage,
  type CallOutcome,
  type FromWorker,
  failureOf,
  type PageOutcome,
  type ToWorker,
  type WorkerCalls,
} from './worker-messages.js';
import {
  AppendTask,
  CURSOR_CHUNK,
  CursorTask,
  MaintenanceTask,
  type ShortWriteCall,
  ShortWriteTask,
} from './write-tasks.js';

/** Entries of one transaction; more wait for the next, so that a commit stays short. */
const MAX_COMMIT_ENTRIES = MAX_BATCH_ENTRIES;
const MAX_COMMIT_BODY_UNITS = 4_194_304;
const READ_SLICE_MS = 5;
const PLACE_SLICE_MS = 5;
const MIN_PLACED_ROWS = 256;
const PLACED_PER_STORED = 2;
/** Cursor writes and maintenance pause for four times as long as they took: at most a fifth of the time is theirs. */
const PAUSE_FACTOR = 4;
/** About what one step changes, for the pace of checkpoints. */
const MAINTAINED_ROWS = 256;
/** How often a full disk is tried again while nothing is sent. */
const FULL_RETRY_MS = 1_000;
const IDLE_CHECKPOINT_MS = 200;

type ReadCall = Exclude<CallMessage, ShortWriteCall | { readonly method: 'writeCursors' | 'maintain' }>;
type SingleRead = Exclude<ReadCall, { readonly method: 'pages' }>;

export class WriterThread {
  readonly #engine: SqliteEngine;
  readonly #watch: HoldWatch;
  readonly #port: MessagePort;
  readonly #pacer = new CheckpointPacer();
  readonly #appends: AppendTask[] = [];
  readonly #shortWrites: ShortWriteTask[] = [];
  readonly #reads: ReadCall[] = [];
  /** Those that the first call of `#reads` has already. */
  readonly #pages: PageOutcome[] = [];
  readonly #cursors: CursorTask[] = [];
  #cursorsNotBefore = 0;
  readonly #maintenance: MaintenanceTask[] = [];
  #maintenanceNotBefore = 0;
  /** Entries stored since rows were placed. */
  #stored = 0;
  #isClosing = false;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(engine: SqliteEngine, watch: HoldWatch, port: MessagePort) {
    this.#engine = engine;
    this.#watch = watch;
    this.#port = port;
  }

  start(): void {
    this.#port.on('message', (message: ToWorker) => {
      this.#accept(message);
      this.#run();
    });
  }

  #accept(message: ToWorker): void {
    switch (message.type) {
      case 'append':
        for (const batch of message.batches) this.#appends.push(new AppendTask(batch));
        return;
      case 'close':
        this.#isClosing = true;
        return;
      case 'call':
        this.#acceptCall(message);
        return;
    }
  }

  #acceptCall(call: CallMessage): void {
    switch (call.method) {
      case 'openDevice':
      case 'writeUserStates':
      case 'writePreferences':
      case 'writeProfiles':
      case 'readSingly':
        this.#shortWrites.push(new ShortWriteTask(call));
        return;
      case 'writeCursors':
        this.#cursors.push(new CursorTask(call.id, call.input));
        return;
      case 'maintain':
        this.#maintenance.push(new MaintenanceTask(call.id, call.input));
        return;
      default:
        this.#reads.push(call);
    }
  }

  #run(): void {
    if (this.#isOver) return;
    clearTimeout(this.#timer);
    try {
      do {
        this.#drain();
        this.#commit();
        this.#read();
        this.#writeCursors();
        this.#maintain();
        this.#place();
        if (this.#pacer.isDue) this.#checkpoint();
        this.#drain();
      } while (this.#hasWork);
      if (this.#isClosing) this.#close();
      else this.#rest();
    } catch (error) {
      this.#isOver = true;
      this.#post({ type: 'fatal', failure: failureOf(asStorageError(error)) });
      this.#port.close();
    }
  }

  get #hasWork(): boolean {
    if (this.#appends.length > 0 || this.#shortWrites.length > 0 || this.#reads.length > 0) return true;
    if (this.#engine.isPlacingDue && this.#engine.isWritable && !this.#isClosing) return true;
    const now = this.#isClosing ? Number.POSITIVE_INFINITY : performance.now();
    if (this.#maintenance.length > 0 && now >= this.#maintenanceNotBefore) return true;
    return this.#cursors.length > 0 && now >= this.#cursorsNotBefore;
  }

  /** Whatever has gathered in the port since the last look. */
  #drain(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { readonly message: ToWorker } | undefined;
      if (received === undefined) return;
      this.#accept(received.message);
    }
  }

  #commit(): void {
    // What is read again at a start is bounded: places first, then more entries.
    if (this.#engine.isPlacingBehind && this.#engine.isWritable) return;
    const { count, entries } = this.#nextCommit();
    const appends = this.#appends.splice(0, count);
    const shortWrites = this.#shortWrites.splice(0, MAX_COMMIT_ENTRIES);
    if (appends.length + shortWrites.length === 0) return;
    this.#engine.write([...shortWrites, ...appends]);
    this.#pacer.wrote(entries + shortWrites.length);
    this.#stored += entries;
    this.#done(
      appends.map((task) => task.outcome!),
      shortWrites.map((task) => task.outcome!),
    );
  }

  /** How many batches fit the next transaction; one always does. */
  #nextCommit(): { readonly count: number; readonly entries: number } {
    let entries = 0;
    let units = 0;
    for (const [count, task] of this.#appends.entries()) {
      entries += task.entries;
      units += task.bodyUnits;
      const isOver = entries > MAX_COMMIT_ENTRIES || units > MAX_COMMIT_BODY_UNITS;
      if (isOver && count > 0) return { count, entries: entries - task.entries };
    }
    return { count: this.#appends.length, entries };
  }

  #read(): void {
    if (this.#reads.length === 0) return;
    const end = performance.now() + READ_SLICE_MS;
    const calls: CallOutcome[] = [];
    let done = 0;
    do {
      const call = this.#reads[done]!;
      // Of many pages so many as there is time for, and the others after the next commit.
      if (call.method === 'pages' && !this.#readPage(call.input)) continue;
      calls.push(call.method === 'pages' ? { id: call.id, output: this.#pages.splice(0) } : this.#answer(call));
      done += 1;
    } while (done < this.#reads.length && performance.now() < end);
    this.#reads.splice(0, done);
    this.#done([], calls);
  }

  /** The next page of the first call. True: it was the last one. */
  #readPage(requests: WorkerCalls['pages']['input']): boolean {
    try {
      this.#watch.begin();
      this.#pages.push(this.#engine.page(requests[this.#pages.length]!));
      this.#watch.end('pages');
    } catch (error) {
      this.#pages.push(failureOf(asStorageError(error)));
    }
    return this.#pages.length === requests.length;
  }

  #answer(call: SingleRead): CallOutcome {
    try {
      this.#watch.begin();
      const output = this.#output(call);
      this.#watch.end(call.method);
      return { id: call.id, output };
    } catch (error) {
      const failure = failureOf(asStorageError(error));
      // A read that fails for an unknown reason says nothing about the writes: only its caller gets the error.
      return { id: call.id, failure };
    }
  }

  #output(call: SingleRead): unknown {
    switch (call.method) {
      case 'feed':
        return this.#engine.feed(call.input);
      case 'keySearchRange':
        return this.#engine.keySearchRange(call.input);
      case 'searchKey':
        return this.#engine.searchKey(call.input);
      case 'heads':
        return this.#engine.heads(call.input);
      case 'rights':
        return this.#engine.rights(call.input);
      case 'members':
        return this.#engine.members(call.input);
      case 'pending':
        return this.#engine.pending(call.input);
      case 'pendingOf':
        return this.#engine.pendingOf(call.input);
      case 'stays':
        return this.#engine.stays(call.input);
      case 'channelStatuses':
        return this.#engine.channelStatuses(call.input);
      case 'describe':
        return this.#engine.describe(call.input);
      case 'countBlocks':
        return this.#engine.blocks.count(call.input);
      case 'blockedUsers':
        return this.#engine.blocks.page(call.input);
      case 'findDevice':
        return this.#engine.findDevice(call.input);
      case 'loadCursors':
        return this.#engine.loadCursors(call.input);
      case 'loadPreferences':
        return this.#engine.preferences.load(call.input);
      case 'loadProfiles':
        return this.#engine.profiles.load(call.input);
      case 'searchProfiles':
        return this.#engine.profiles.search(call.input);
      case 'loadSharedProfiles':
        return this.#engine.profiles.loadShared(call.input);
      case 'loadUserStates':
        return this.#engine.userStates.load(call.input);
      case 'sharedGroups':
        return this.#engine.userStates.sharedGroups(call.input);
      case 'haveWritten':
        return this.#engine.userStates.haveWritten(call.input);
    }
  }

  #writeCursors(): void {
    const task = this.#cursors[0];
    const start = performance.now();
    if (task === undefined || (!this.#isClosing && start < this.#cursorsNotBefore)) return;
    this.#engine.write([task]);
    task.advance();
    this.#pacer.wrote(CURSOR_CHUNK);
    const end = performance.now();
    this.#cursorsNotBefore = end + PAUSE_FACTOR * (end - start);
    if (!task.isDone) return;
    this.#cursors.shift();
    const outcome: CallOutcome =
      task.failure === undefined ? { id: task.id, output: undefined } : { id: task.id, failure: task.failure };
    this.#done([], [outcome]);
  }

  #maintain(): void {
    const start = performance.now();
    if (!this.#isClosing && start < this.#maintenanceNotBefore) return;
    const task = this.#maintenance.shift();
    if (task === undefined) return;
    this.#engine.write([task]);
    this.#pacer.wrote(MAINTAINED_ROWS);
    const end = performance.now();
    this.#maintenanceNotBefore = end + PAUSE_FACTOR * (end - start);
    this.#done([], [task.outcome!]);
  }

  /** More rows than were stored meanwhile, so that they do not gather; a few milliseconds at most. */
  #place(): void {
    if (!this.#engine.isPlacingDue || !this.#engine.isWritable) return;
    const rows = Math.max(MIN_PLACED_ROWS, PLACED_PER_STORED * this.#stored);
    this.#stored = 0;
    this.#pacer.wrote(this.#engine.place(rows, PLACE_SLICE_MS));
  }

  #checkpoint(): void {
    this.#pacer.checkpointed(this.#engine.checkpoint());
  }

  /** Nothing to do now: wake up for what waits for its time. */
  #rest(): void {
    const now = performance.now();
    const delays: number[] = [];
    if (this.#cursors.length > 0) delays.push(this.#cursorsNotBefore - now);
    if (this.#maintenance.length > 0) delays.push(this.#maintenanceNotBefore - now);
    if (!this.#engine.isWritable) delays.push(FULL_RETRY_MS);
    if (this.#pacer.hasWritten) delays.push(IDLE_CHECKPOINT_MS);
    if (delays.length === 0) return;
    this.#timer = setTimeout(() => this.#wake(), Math.max(1, Math.min(...delays)));
  }

  #wake(): void {
    if (this.#isOver) return;
    try {
      if (!this.#engine.isWritable) {
        this.#engine.tryWrite();
        if (this.#engine.isWritable) this.#post({ type: 'writable', isWritable: true });
      }
      const isPlacing = this.#engine.isWritable && this.#engine.beginPlacing();
      if (this.#pacer.hasWritten && this.#engine.isWritable && !isPlacing) this.#checkpoint();
    } catch (error) {
      this.#isOver = true;
      this.#post({ type: 'fatal', failure: failureOf(asStorageError(error)) });
      this.#port.close();
      return;
    }
    this.#run();
  }

  #close(): void {
    this.#isOver = true;
    this.#engine.close();
    this.#post({ type: 'closed' });
    this.#port.close();
  }

  #done(appends: readonly BatchOutcome[], calls: readonly CallOutcome[]): void {
    this.#post({ type: 'done', appends, calls, isWritable: this.#engine.isWritable });
  }

  #post(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}

/** Pages in the write-ahead log at which a checkpoint is due. */
const CHECKPOINT_PAGES = 2_000;
/** Until the first checkpoint measures it: an append touches about the table's page, its index's page and half of others. */
const INITIAL_PAGES_PER_ROW = 2;
const SMOOTHING = 0.5;

class CheckpointPacer {
  #rows = 0;
  #pagesPerRow = INITIAL_PAGES_PER_ROW;

  wrote(rows: number): void {
    this.#rows += rows;
  }

  get hasWritten(): boolean {
    return this.#rows > 0;
  }

  get isDue(): boolean {
    return this.#rows * this.#pagesPerRow >= CHECKPOINT_PAGES;
  }

  /** @param pages what the log held */
  checkpointed(pages: number): void {
    if (this.#rows > 0 && pages > 0) {
      const measured = pages / this.#rows;
      this.#pagesPerRow = SMOOTHING * measured + (1 - SMOOTHING) * this.#pagesPerRow;
    }
    this.#rows = 0;
  }
}
