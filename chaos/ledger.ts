// What clients were answered and saw of the logs, and what of it contradicts the promises. Nothing the server reports about
// itself is trusted.

import type { WireMessage } from '@longwire/test-support/wire-client';

export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** The body of a message is its key. Channels are named as the user of the devices sees them, `<user> user/<peer>`. */
export class Ledger {
  /** What was found wrong, in sentences. */
  readonly faults: string[] = [];
  /** Times that the server ended without writing down what it may write down later, or was set back. */
  crashes = 0;
  /** Times that it was set back. */
  restores = 0;
  repeated = 0;
  /** Error code → how often sends were refused with it. */
  readonly refusals = new Map<string, number>();
  /** Channel, epoch and offset → the entry there. */
  readonly #entries = new Map<string, string>();
  readonly #epochs = new Set<string>();
  /** Epochs from before the store was set back. */
  #retired: ReadonlySet<string> = new Set();
  /** Key → where it stands. */
  #acknowledged = new Map<string, { readonly channel: string; readonly offset: number }>();
  #copied: ReadonlySet<string> = new Set();

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  fault(text: string): void {
    this.faults.push(text);
  }

  /** `sent` came. */
  acknowledge(channel: string, key: string, sent: WireMessage): void {
    const { epoch, offset } = sent as unknown as Position;
    const before = this.#acknowledged.get(key)?.offset;
    if (before !== undefined && before !== offset) this.fault(`${key} was stored at ${before} and at ${offset}`);
    if (before !== undefined && sent['repeated'] !== true)
      this.fault(`${key} was stored, and its repeat was not known`);
    if (sent['repeated'] === true) this.repeated += 1;
    this.#acknowledged.set(key, { channel, offset });
    this.see(channel, { epoch, offset }, key);
  }

  refuse(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  /** An entry was seen: in no epoch is an offset assigned twice. */
  see(channel: string, { epoch, offset }: Position, key: string): void {
    const place = `${channel} ${epoch} ${offset}`;
    const there = this.#entries.get(place) ?? key;
    if (there !== key) this.fault(`${place} was assigned to ${there} and to ${key}`);
    if (this.#retired.has(epoch)) this.fault(`${place} is in an epoch from before the store was set back`);
    this.#entries.set(place, key);
    this.#epochs.add(epoch);
  }

  /** The store is copied: what is acknowledged by now is in the copy. */
  noteCopy(): void {
    this.#copied = new Set(this.#acknowledged.keys());
  }

  /** The store was replaced by the copy: only what is in it can still be expected. */
  noteRestore(): void {
    this.#acknowledged = new Map([...this.#acknowledged].filter(([key]) => this.#copied.has(key)));
    this.#retired = new Set(this.#epochs);
    this.crashes += 1;
    this.restores += 1;
  }

  /** Compares the whole log of a channel with what its senders were answered. */
  checkLog(channel: string, log: readonly WireMessage[]): void {
    const offsetOf = new Map<string, number>();
    log.forEach((entry, index) => {
      const { offset, body } = entry as unknown as { offset: number; body: string };
      if (offset !== index + 1) this.fault(`${channel} has ${offset} where ${index + 1} belongs`);
      if (offsetOf.has(body)) this.fault(`${body} stands at ${offsetOf.get(body)} and at ${offset}`);
      offsetOf.set(body, offset);
      this.see(channel, entry as unknown as Position, body);
    });
    for (const [key, { channel: stood, offset }] of this.#acknowledged) {
      if (stood === channel && offsetOf.get(key) !== offset)
        this.fault(`${key} was acknowledged at ${offset}, stands at ${offsetOf.get(key)}`);
    }
  }
}
