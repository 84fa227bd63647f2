// What changes rows: one given batch, one short call such as the sign-in of a device, one piece of a cursor write.

import { type BatchFrame, type FlatResults, REQUEST_BODY, REQUEST_STRIDE } from '../appending/append-frames.js';
import type { SqliteEngine, WriteTask } from '../engine.js';
import type { BatchOutcome, CallMessage, CallOutcome, FailureFrame, WorkerCalls } from './worker-messages.js';

/** Cursors written in one transaction. */
export const CURSOR_CHUNK = 250;

export class AppendTask implements WriteTask {
  readonly command = 'append';
  readonly #batch: BatchFrame;
  readonly bodyUnits: number;
  outcome: BatchOutcome | undefined;

  constructor(batch: BatchFrame) {
    this.#batch = batch;
    const { requests } = batch;
    let units = 0;
    for (let at = REQUEST_BODY; at < requests.length; at += REQUEST_STRIDE) {
      units += (requests[at] as string | undefined)?.length ?? 0;
    }
    this.bodyUnits = units;
  }

  get entries(): number {
    return this.#batch.requests.length / REQUEST_STRIDE;
  }

  apply(engine: SqliteEngine): void {
    const results: FlatResults = [];
    engine.append(this.#batch, results);
    this.outcome = results;
  }

  fail(failure: FailureFrame): void {
    this.outcome = failure;
  }
}

/** Calls that change a few rows, and go with the next commit. */
export type ShortWriteCall = Extract<
  CallMessage,
  { readonly method: 'openDevice' | 'writeUserStates' | 'writePreferences' | 'writeProfiles' | 'readSingly' }
>;

export class ShortWriteTask implements WriteTask {
  readonly command: ShortWriteCall['method'];
  readonly #call: ShortWriteCall;
  outcome: CallOutcome | undefined;

  constructor(call: ShortWriteCall) {
    this.command = call.method;
    this.#call = call;
  }

  apply(engine: SqliteEngine): void {
    this.outcome = { id: this.#call.id, output: this.#output(engine) };
  }

  fail(failure: FailureFrame): void {
    this.outcome = { id: this.#call.id, failure };
  }

  #output(engine: SqliteEngine): unknown {
    switch (this.#call.method) {
      case 'openDevice':
        return engine.openDevice(this.#call.input);
      case 'writePreferences':
        return engine.preferences.write(this.#call.input);
      case 'writeProfiles':
        return engine.profiles.write(this.#call.input);
      case 'readSingly':
        return engine.singleReads.write(this.#call.input);
      case 'writeUserStates':
        return engine.userStates.write(this.#call.input);
    }
  }
}

export class MaintenanceTask implements WriteTask {
  readonly command = 'maintain';
  readonly #input: WorkerCalls['maintain']['input'];
  readonly #id: number;
  outcome: CallOutcome | undefined;

  constructor(id: number, input: WorkerCalls['maintain']['input']) {
    this.#id = id;
    this.#input = input;
  }

  apply(engine: SqliteEngine): void {
    this.outcome = { id: this.#id, output: engine.maintain(this.#input) };
  }

  fail(failure: FailureFrame): void {
    this.outcome = { id: this.#id, failure };
  }
}

export class CursorTask implements WriteTask {
  readonly command = 'writeCursors';
  readonly id: number;
  readonly #input: WorkerCalls['writeCursors']['input'];
  #written = 0;
  failure: FailureFrame | undefined;

  constructor(id: number, input: WorkerCalls['writeCursors']['input']) {
    this.id = id;
    this.#input = input;
  }

  get isDone(): boolean {
    return this.failure !== undefined || this.#written >= this.#input.batch.length;
  }

  apply(engine: SqliteEngine): void {
    const { batch, at } = this.#input;
    engine.writeCursors({ batch: batch.slice(this.#written, this.#written + CURSOR_CHUNK), at });
  }

  advance(): void {
    this.#written += CURSOR_CHUNK;
  }

  fail(failure: FailureFrame): void {
    this.failure = failure;
  }
}
