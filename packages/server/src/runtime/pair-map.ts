// A map with pairs as keys: a string made of both would have to be joined and hashed for each look-up, which takes five times
// as long.

export class PairMap<First, Second, Value> {
  readonly #maps = new Map<First, Map<Second, Value>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(first: First, second: Second): Value | undefined {
    return this.#maps.get(first)?.get(second);
  }

  set(first: First, second: Second, value: Value): void {
    let values = this.#maps.get(first);
    if (values === undefined) {
      values = new Map();
      this.#maps.set(first, values);
    }
    const before = values.size;
    values.set(second, value);
    this.#size += values.size - before;
  }

  delete(first: First, second: Second): void {
    const values = this.#maps.get(first);
    if (values === undefined || !values.delete(second)) return;
    this.#size -= 1;
    if (values.size === 0) this.#maps.delete(first);
  }

  /** In the order in which the first halves were set, and the second ones of each. Values may be deleted meanwhile. */
  *values(): IterableIterator<Value> {
    for (const values of this.#maps.values()) yield* values.values();
  }
}
