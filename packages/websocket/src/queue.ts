// First in, first out, however many wait: the first of a long array is taken by moving all others, seconds for 100 000.

// Up to here moving them is quicker than anything else.
const SHORT = 1_024;

/** Items that wait for their turn; `undefined` is none. */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  /** Where the first one is. */
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The one whose turn is next. */
  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Takes the first one. */
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

  /** Takes all of them. */
  takeAll(): Item[] {
    const items = this.#items.slice(this.#head) as Item[];
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
