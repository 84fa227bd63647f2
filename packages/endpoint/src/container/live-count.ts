// Counts what is alive and tells when nothing is.

export class LiveCount {
  #count = 0;
  #waiters: (() => void)[] = [];

  add(): void {
    this.#count++;
  }

  remove(): void {
    this.#count--;
    if (this.#count > 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  get isNone(): boolean {
    return this.#count === 0;
  }

  /** Resolves once the count is 0; at once when it is. */
  whenNone(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }
}
