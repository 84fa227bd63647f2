// Reproducible random numbers: a run prints its seed, and can be given one.

export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 random bits. mulberry32: small, and even enough for choosing what to break. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A whole number from 0 to below − 1. */
  below(below: number): number {
    return this.next() % below;
  }

  /** From 0 up to, but not including, 1. */
  fraction(): number {
    return this.next() / 0x1_0000_0000;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) bytes[i] = this.next() & 0xff;
    return bytes;
  }
}

/** The seed of this run: ATTACK_SEED to have one again, else a new one; printed, so that a failure can be had again. */
export function seedOfRun(what: string): number {
  const given = Number(process.env['ATTACK_SEED']);
  const seed = Number.isInteger(given) && given > 0 ? given : Date.now() % 0x7fffffff;
  process.stdout.write(`${what}: ATTACK_SEED=${seed}\n`);
  return seed;
}
