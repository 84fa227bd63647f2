// Engine of the bus for one process: a publish is a call.

import type { Bus, BusEvent, BusListener, CommittedEntry } from '../bus.js';

export class LocalBus implements Bus {
  readonly #listeners: BusListener[] = [];

  subscribe(listener: BusListener): void {
    this.#listeners.push(listener);
  }

  publish(committed: CommittedEntry): void {
    for (const listener of this.#listeners) listener.onEntry(committed);
  }

  signal(event: BusEvent): void {
    for (const listener of this.#listeners) listener.onEvent(event);
  }
}
