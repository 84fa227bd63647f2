// Work of many connections that is due once in a turn of the event loop: one list and one setImmediate for all of them.

/** Runs tasks in the order of `add`, once the I/O callbacks of the turn in which they were added have run. */
export class TurnTasks<Task> {
  readonly #run: (task: Task) => void;
  readonly #afterRound: (() => void) | undefined;
  #waiting: Task[] = [];
  #isScheduled = false;

  /** @param afterRound called when all tasks of a turn have run */
  constructor(run: (task: Task) => void, afterRound?: () => void) {
    this.#run = run;
    this.#afterRound = afterRound;
  }

  /** The caller adds a task once per turn. */
  add(task: Task): void {
    this.#waiting.push(task);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#runAll());
  }

  #runAll(): void {
    const round = this.#waiting;
    this.#waiting = [];
    this.#isScheduled = false;
    for (const task of round) this.#run(task);
    this.#afterRound?.();
  }
}
