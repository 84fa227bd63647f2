// When to move the write-ahead log into the database. SQLite tells the log's length only while doing so, hence an estimate.

/** Pages in the log at which a checkpoint is due. */
const DUE_PAGES = 2_000;
/** Before the first checkpoint told better: an append touches about the table's page, its index's page and half of others. */
const INITIAL_PAGES_PER_ROW = 2;
const SMOOTHING = 0.5;

export class CheckpointPacer {
  #rows = 0;
  #pagesPerRow = INITIAL_PAGES_PER_ROW;

  wrote(rows: number): void {
    this.#rows += rows;
  }

  get hasWritten(): boolean {
    return this.#rows > 0;
  }

  get isDue(): boolean {
    return this.#rows * this.#pagesPerRow >= DUE_PAGES;
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
