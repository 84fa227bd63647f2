// First in, first out, for any number of items: taking the first one of a long array moves all others, seconds for 100 000.

// Up to this length moving them is fastest.
const SHORT = 1_024;

/** A queue of items other than `undefined`. */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  /** Where the first one is. */
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The next item to be taken. */
  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Removes and returns the first item. */
  shift(): Item | undefined {
    const items = this.#items;
    if (this.#head === 0 && items.length <= SHORT) return items.shift();
    const item = items[this.#head];
    items[this.#head++] = undefined;
    // Half of it is empty: each item is moved once on average.
    if (this.#head * 2 >= items.length) {
      this.#items = items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Removes and returns all items. */
  takeAll(): Item[] {
    const items = this.#items.slice(this.#head) as Item[];
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
