// The memory of all rings of newest entries: beyond it the rings that were not used for longest are emptied, and the
// readers that need them read the log instead.

/** What the budget knows of a ring. */
export interface BudgetedRing {
  readonly ringBytes: number;
  /** A reader waits for a page and will join the tail by what arrives meanwhile: the ring is not emptied. */
  readonly isPinned: boolean;
  emptyRing(): void;
}

export class RingBudget {
  readonly #maxBytes: number;
  readonly #onEmptied: () => void;
  #bytes = 0;
  /** Rings that hold something, the one that was not used for longest first. */
  readonly #rings = new Set<BudgetedRing>();

  /**
   * @param maxBytes  also for pinned rings, of which there are few: they take the place of others and may exceed it alone
   * @param onEmptied  called for each ring that is emptied for want of memory
   */
  constructor(maxBytes: number, onEmptied: () => void) {
    this.#maxBytes = maxBytes;
    this.#onEmptied = onEmptied;
  }

  /** What all rings hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The ring was used: read, or changed by so many bytes. */
  use(ring: BudgetedRing, changedBytes: number): void {
    this.#bytes += changedBytes;
    this.#rings.delete(ring);
    if (ring.ringBytes > 0) this.#rings.add(ring);
    if (this.#bytes > this.#maxBytes) this.#emptyUnused();
  }

  /** The ring is not needed any more. */
  remove(ring: BudgetedRing): void {
    if (this.#rings.delete(ring)) this.#bytes -= ring.ringBytes;
  }

  #emptyUnused(): void {
    for (const ring of this.#rings) {
      if (this.#bytes <= this.#maxBytes) return;
      if (ring.isPinned) continue;
      this.remove(ring);
      ring.emptyRing();
      this.#onEmptied();
    }
  }
}
