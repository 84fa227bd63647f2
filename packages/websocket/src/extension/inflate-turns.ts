// How many inflaters may work in zlib's thread pool at once: beyond, its memory grows and everything else in the pool waits.

export class InflateTurns {
  readonly #limit: number;
  #taken = 0;
  #waiting: Array<() => void> = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs `work` when it is its turn, at once if there is room. Each one that ran is followed by one `give`. */
  take(work: () => void): void {
    if (this.#taken >= this.#limit) {
      this.#waiting.push(work);
      return;
    }
    this.#taken++;
    work();
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken--;
    else next();
  }
}
