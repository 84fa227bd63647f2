// The main thread's end: posts what is asked, settles promises with what comes back.

import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { Queue } from '@longwire/websocket';
import { ServerError } from '../../../errors.js';
import type { AppendAttempt, AppendRequest, AppendResult } from '../../message-log.js';
import type { HeldEngine } from '../../store.js';
import { type BatchFrame, batchFrameOf, RESULT_STRIDE, resultAt } from '../appending/append-frames.js';
import {
  type BatchOutcome,
  type CallOutcome,
  errorFrom,
  type FromWorker,
  type ToWorker,
  type WorkerCalls,
  type WorkerMethod,
  type WorkerStart,
} from './worker-messages.js';

interface Pending<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
}

/** What the thread makes lives for one commit or one page: a small nursery costs little and bounds what waits in it. */
const WORKER_MEMORY = { maxYoungGenerationSizeMb: 8 };

export class WorkerClient {
  readonly #worker: Worker;
  readonly #appends = new Queue<Pending<readonly AppendResult[]>>();
  readonly #calls = new Map<number, Pending<unknown>>();
  #gathered: BatchFrame[] = [];
  #nextId = 1;
  #era = '';
  #driverName = '';
  #isWritable = true;
  #canShareFile = false;
  #notices: readonly string[] = [];
  #placeRing: SharedArrayBuffer | undefined;
  #newest = 0;
  #ended: ServerError | undefined;
  #opening: Pending<void> | undefined;
  #closing: Promise<void> | undefined;
  #closed: (() => void) | undefined;
  onFatal: ((error: ServerError) => void) | undefined;
  onDamage: ((damage: ServerError) => void) | undefined;
  onHeld: ((held: HeldEngine) => void) | undefined;

  private constructor(start: WorkerStart) {
    const entry = createRequire(import.meta.url).resolve('#sqlite-worker');
    this.#worker = new Worker(entry, { workerData: start, name: 'longwire-storage', resourceLimits: WORKER_MEMORY });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error) => this.#end(fatal(`the storage thread failed: ${error.message}`, error)));
    this.#worker.on('exit', (code) => this.#onExit(code));
  }

  /** Resolves when the store is open; rejects with what the worker found. */
  static async start(start: WorkerStart): Promise<WorkerClient> {
    const client = new WorkerClient(start);
    await new Promise<void>((resolve, reject) => {
      client.#opening = { resolve, reject };
    });
    return client;
  }

  get era(): string {
    return this.#era;
  }

  get driverName(): string {
    return this.#driverName;
  }

  /** What was found and done when the store was opened, as sentences for the log. */
  get notices(): readonly string[] {
    return this.#notices;
  }

  /** What a second worker needs to find the newest entries. */
  get placeRing(): SharedArrayBuffer | undefined {
    return this.#placeRing;
  }

  /** The number of the newest row when the store was opened. */
  get newest(): number {
    return this.#newest;
  }

  /** A second worker may read the same file. */
  get canShareFile(): boolean {
    return this.#canShareFile;
  }

  /** Closed or failed: every further call rejects. */
  get isOver(): boolean {
    return this.#ended !== undefined;
  }

  get isWritable(): boolean {
    return this.#isWritable;
  }

  append(batch: readonly AppendRequest[], attempt: AppendAttempt): Promise<readonly AppendResult[]> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      // Batches given in one turn travel together: a message between threads costs as much as ten entries in it.
      if (this.#gathered.length === 0) queueMicrotask(() => this.#postGathered());
      this.#gathered.push(batchFrameOf(batch, attempt));
      this.#appends.push({ resolve, reject });
    });
  }

  call<Method extends WorkerMethod>(
    method: Method,
    input: WorkerCalls[Method]['input'],
  ): Promise<WorkerCalls[Method]['output']> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      const id = this.#nextId;
      this.#nextId += 1;
      this.#calls.set(id, { resolve: resolve as (value: unknown) => void, reject });
      // What was appended before must be there first.
      this.#postGathered();
      this.#post({ type: 'call', id, method, input } as ToWorker);
    });
  }

  /** Resolves when everything given before is done and the thread has ended. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      if (this.#ended !== undefined) {
        void this.#worker.terminate().then(() => resolve());
        return;
      }
      this.#closed = resolve;
      this.#postGathered();
      this.#post({ type: 'close' });
      this.#ended = new ServerError('closed', 'the store was closed; open it again before using it');
    });
    return this.#closing;
  }

  #postGathered(): void {
    if (this.#gathered.length === 0) return;
    const batches = this.#gathered;
    this.#gathered = [];
    this.#post({ type: 'append', batches });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'opened':
        this.#era = message.era;
        this.#driverName = message.driverName;
        this.#canShareFile = message.canShareFile;
        this.#isWritable = message.isWritable;
        this.#notices = message.notices;
        this.#placeRing = message.placeRing;
        this.#newest = message.newest;
        this.#opening?.resolve();
        this.#opening = undefined;
        return;
      case 'done':
        // Before the calls settle, so that a caller that was refused finds it so.
        this.#isWritable = message.isWritable;
        for (const outcome of message.appends) this.#settleAppend(outcome);
        for (const outcome of message.calls) this.#settleCall(outcome);
        return;
      case 'writable':
        this.#isWritable = message.isWritable;
        return;
      case 'damage':
        this.onDamage?.(errorFrom(message.failure) as ServerError);
        return;
      case 'held':
        this.onHeld?.(message);
        return;
      case 'fatal':
        this.#end(errorFrom(message.failure));
        return;
      case 'closed':
        // The database is closed. The thread itself may need a while longer: it finishes compiling WebAssembly first.
        this.#rejectAll(this.#ended ?? fatal('the storage thread ended', undefined));
        this.#closed?.();
        return;
    }
  }

  #settleAppend(outcome: BatchOutcome): void {
    const pending = this.#appends.shift();
    if ('code' in outcome) {
      pending?.reject(errorFrom(outcome));
      return;
    }
    const results: AppendResult[] = [];
    for (let start = 0; start < outcome.length; start += RESULT_STRIDE)
      results.push(resultAt(outcome, start, this.#era));
    pending?.resolve(results);
  }

  #settleCall(outcome: CallOutcome): void {
    const pending = this.#calls.get(outcome.id);
    this.#calls.delete(outcome.id);
    if ('failure' in outcome) pending?.reject(errorFrom(outcome.failure));
    else pending?.resolve(outcome.output);
  }

  #onExit(code: number): void {
    if (this.#closed !== undefined) {
      // Also when it died while closing.
      this.#rejectAll(this.#ended ?? fatal('the storage thread ended', undefined));
      this.#closed();
      return;
    }
    this.#end(fatal(`the storage thread ended by itself (exit code ${code})`, undefined));
  }

  /** The first reason counts; everything that waits is rejected with it. */
  #end(error: Error): void {
    if (this.#opening !== undefined) {
      this.#opening.reject(error);
      this.#opening = undefined;
      this.#ended = error instanceof ServerError ? error : fatal(error.message, error);
      return;
    }
    const isFirst = this.#ended === undefined || this.#ended.code === 'closed';
    const fault = error instanceof ServerError ? error : fatal(error.message, error);
    if (this.#ended === undefined) this.#ended = fault;
    this.#rejectAll(fault);
    if (isFirst && this.#closed === undefined) this.onFatal?.(fault);
  }

  #rejectAll(error: Error): void {
    const waiting = [...this.#appends.takeAll(), ...this.#calls.values()];
    this.#calls.clear();
    for (const pending of waiting) pending.reject(error);
  }
}

function fatal(message: string, cause: unknown): ServerError {
  return new ServerError('fatal', message, { cause });
}
