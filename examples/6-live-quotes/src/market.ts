// A simulated market: a few symbols whose prices change at random.

export interface Quote {
  readonly symbol: string;
  readonly price: number;
  /** Counts the changes of the market: of two quotes of a symbol, the one with the higher number is newer. */
  readonly move: number;
}

export type QuoteListener = (quote: Quote) => void;

const openingPrices = { WIRE: 120, LOOP: 80, MAST: 42, FERRY: 260, LARK: 15, QUAY: 510 };

export class Market {
  readonly symbols: readonly string[] = Object.keys(openingPrices);
  readonly #newest = new Map<string, Quote>();
  readonly #listeners = new Map<string, Set<QuoteListener>>();
  #moves = 0;

  /** The price of every symbol changes every `everyMs`. */
  constructor(everyMs: number) {
    for (const [symbol, price] of Object.entries(openingPrices)) {
      this.#newest.set(symbol, { symbol, price, move: 0 });
      this.#listeners.set(symbol, new Set());
    }
    // The server keeps the process running, not this timer.
    setInterval(() => this.#move(), everyMs).unref();
  }

  /** Calls `listener` with the newest quote at once, and with each later one. A second call for the same listener has no effect. */
  watch(symbol: string, listener: QuoteListener): void {
    const newest = this.#newest.get(symbol);
    if (newest === undefined) return;
    this.#listeners.get(symbol)?.add(listener);
    listener(newest);
  }

  unwatch(symbol: string, listener: QuoteListener): void {
    this.#listeners.get(symbol)?.delete(listener);
  }

  #move(): void {
    this.#moves++;
    for (const { symbol, price } of this.#newest.values()) {
      const moved = Math.max(1, price * (1 + (Math.random() - 0.5) / 100));
      const quote = { symbol, price: Math.round(moved * 100) / 100, move: this.#moves };
      this.#newest.set(symbol, quote);
      for (const listener of this.#listeners.get(symbol) ?? []) listener(quote);
    }
  }
}
