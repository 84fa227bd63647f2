// Everything that is written, in transactions of several tasks. One that cannot be done is left out; a full disk undoes all of
// them, and anything else ends the store.

import { rollBack, type SqlDatabase, SqlFailure, type SqlStatement } from './driver/sql-database.js';
import type { Lineage } from './folder/lineage.js';
import { OpenFiles } from './folder/open-files.js';
import { completeRecovery } from './recovery.js';
import { asStorageError, fatalFrom, isFaultOfTask, isFullDisk } from './storage-failures.js';
import type { HoldWatch } from './threads/hold-watch.js';
import { type FailureFrame, failureOf } from './threads/worker-messages.js';

/** Something that changes rows inside the open transaction. */
export interface TransactionTask<Target> {
  /** The method of the store. */
  readonly command: string;
  /** @throws ServerError, SqlFailure, TypeError: the transaction is undone, the other tasks are tried without this one */
  apply(target: Target): void;
  fail(failure: FailureFrame): void;
}

interface TransactionsParts<Target> {
  readonly database: SqlDatabase;
  /** Path of the database. */
  readonly file: string;
  readonly lineage: Lineage;
  /** False: the disk was too full to move what the last process left in the write-ahead log. */
  readonly isRecovered: boolean;
  /** Asked before each commit whether the folder is still ours; throws if not. */
  readonly assertOwned: () => void;
  readonly watch: HoldWatch;
  /** What tasks are applied to. */
  readonly target: Target;
  /** The transaction is on disk. */
  readonly onCommit: () => void;
  /** The transaction is undone: nothing that it changed may be remembered. */
  readonly onRollback: () => void;
}

export class Transactions<Target> {
  readonly #parts: TransactionsParts<Target>;
  readonly #database: SqlDatabase;
  readonly #lineage: Lineage;
  readonly #files: OpenFiles;
  readonly #trial: SqlStatement;
  #isRecovered: boolean;
  /** False while the last write failed for want of room. */
  isWritable: boolean;

  /** @throws ServerError `fatal`, SqlFailure */
  constructor(parts: TransactionsParts<Target>) {
    this.#parts = parts;
    this.#database = parts.database;
    this.#lineage = parts.lineage;
    this.#isRecovered = parts.isRecovered;
    this.isWritable = this.#tryPrepare();
    this.#files = new OpenFiles(parts.file);
    this.#trial = parts.database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('trial', ?)");
  }

  /**
   * Runs tasks in one transaction. A task that cannot be done fails and is left out; a full disk fails all of them.
   * @throws ServerError `fatal`: it is unknown what is on disk, and the store must not be used any more
   */
  write(tasks: readonly TransactionTask<Target>[]): void {
    let remaining = tasks;
    while (remaining.length > 0) {
      const refused = this.#tryTransaction(remaining);
      if (refused === undefined) return;
      remaining = remaining.filter((task) => task !== refused);
    }
  }

  /** Writes a few bytes, to see whether there is room again. */
  tryWrite(): void {
    const failed: FailureFrame[] = [];
    const apply = () => this.#trial.run([Date.now()]);
    this.write([{ command: 'trial', apply, fail: (failure) => void failed.push(failure) }]);
  }

  /** Undefined when nothing is left to do; else the one task because of which everything was undone. */
  #tryTransaction(tasks: readonly TransactionTask<Target>[]): TransactionTask<Target> | undefined {
    let current: TransactionTask<Target> | undefined;
    try {
      this.#prepare();
      this.#database.exec('BEGIN IMMEDIATE');
      for (const task of tasks) {
        current = task;
        this.#parts.watch.begin();
        task.apply(this.#parts.target);
        this.#parts.watch.end(task.command);
      }
      current = undefined;
      this.#parts.assertOwned();
      this.#database.exec('COMMIT');
      // After the sync, before anything is acknowledged.
      this.#files.assertInPlace();
      this.#parts.onCommit();
      this.isWritable = true;
      return undefined;
    } catch (error) {
      this.#undo();
      if (isFullDisk(error)) {
        this.#refuseAll(tasks, error as Error);
        return undefined;
      }
      if (current === undefined || !isFaultOfTask(error)) throw fatalFrom(error);
      current.fail(failureOf(asStorageError(error)));
      return current;
    }
  }

  /**
   * Before the first commit: the log of the last process is empty, and the era is written down.
   * @throws SqlFailure `full`, or what cannot be mended
   */
  #prepare(): void {
    if (!this.#isRecovered) this.#isRecovered = completeRecovery(this.#database, this.#parts.file);
    if (!this.#isRecovered) throw new SqlFailure('full', 'the write-ahead log cannot be moved into the database');
    if (!this.#lineage.isWritten) this.#lineage.write();
  }

  /** At the start. False: on a full disk an old store can still be read; a new era must be written down before it begins. */
  #tryPrepare(): boolean {
    try {
      this.#prepare();
      return true;
    } catch (error) {
      if (!this.#lineage.isContinued || !isFullDisk(error)) throw error;
      return false;
    }
  }

  #undo(): void {
    try {
      rollBack(this.#database);
    } catch (error) {
      throw fatalFrom(error);
    }
    this.#parts.onRollback();
  }

  #refuseAll(tasks: readonly TransactionTask<Target>[], cause: Error): void {
    const isFirst = this.isWritable;
    this.isWritable = false;
    const message = `the disk of the data folder is full, nothing was stored (${cause.message}); free some space`;
    for (const task of tasks) task.fail({ code: 'storage_full', message, offset: undefined });
    // A build that pads commits may have written a whole commit record before it ran out of room. Nothing reads it while
    // this process lives, but a restart would: put something harmless over it.
    if (isFirst) this.#overwriteRefused();
  }

  #overwriteRefused(): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      this.#trial.run([Date.now()]);
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#undo();
      if (!(error instanceof SqlFailure && error.kind === 'full')) throw fatalFrom(error);
    }
  }
}
