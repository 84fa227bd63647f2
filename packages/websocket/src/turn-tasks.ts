// Work of many connections that is due once in a turn of the event loop: one list and one setImmediate for all of them.
import { performance } from 'node:perf_hooks';

// A long list is cut into slices of this length, between which the event loop reads sockets and runs timers.
const SLICE_MS = 5;

export interface TurnTasksOptions {
  /** The clock is read once per this many tasks: reading it may cost as much as a short task. Default 1. */
  readonly tasksPerClockRead?: number;
  /** Called after the tasks of a slice. */
  readonly afterSlice?: () => void;
  /** Milliseconds of a monotonic clock, for tests. Default `performance.now`. */
  readonly now?: () => number;
}

/** Runs tasks in the order of `add`, once the I/O callbacks of the turn in which they were added have run. */
export class TurnTasks<Task> {
  readonly #run: (task: Task) => void;
  readonly #options: TurnTasksOptions;
  readonly #tasksPerClockRead: number;
  readonly #now: () => number;
  #tasks: (Task | undefined)[] = [];
  /** Index of the first task that has not run. */
  #next = 0;
  #first: (() => void)[] = [];
  #isScheduled = false;

  constructor(run: (task: Task) => void, options: TurnTasksOptions = {}) {
    this.#run = run;
    this.#options = options;
    this.#tasksPerClockRead = options.tasksPerClockRead ?? 1;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The caller adds a task once per turn. */
  add(task: Task): void {
    this.#tasks.push(task);
    if (!this.#isScheduled) this.#schedule();
  }

  /** `callback` runs at the end of this turn, before the tasks. */
  addFirst(callback: () => void): void {
    this.#first.push(callback);
    if (!this.#isScheduled) this.#schedule();
  }

  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(() => this.#runSlice());
  }

  #runSlice(): void {
    const first = this.#first;
    if (first.length > 0) this.#first = [];
    for (const callback of first) callback();
    this.#runTasks();
    this.#options.afterSlice?.();
    this.#isScheduled = false;
    if (this.#tasks.length > 0 || this.#first.length > 0) this.#schedule();
  }

  /** Runs what was added before, until the time is up. */
  #runTasks(): void {
    const tasks = this.#tasks;
    const end = tasks.length;
    let clockReadAt = this.#next + this.#tasksPerClockRead;
    const sliceEndMs = clockReadAt < end ? this.#now() + SLICE_MS : 0;
    while (this.#next < end) {
      const task = tasks[this.#next] as Task;
      tasks[this.#next++] = undefined;
      this.#run(task);
      if (this.#next !== clockReadAt || this.#next === end) continue;
      if (this.#now() >= sliceEndMs) break;
      clockReadAt += this.#tasksPerClockRead;
    }
    // What is left moves to the front. It is moved once per slice, which is less than running it costs.
    this.#tasks = this.#next === tasks.length ? [] : tasks.slice(this.#next);
    this.#next = 0;
  }
}
