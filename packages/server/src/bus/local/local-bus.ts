// Engine of the bus for one process: a publish is a call.

import type { Bus, BusEvent, CommittedEntry } from '../bus.js';

export class LocalBus implements Bus {
  onEntry: ((committed: CommittedEntry) => void) | undefined;
  onEvent: ((event: BusEvent) => void) | undefined;
  onSuspect: (() => void) | undefined;

  publish(committed: CommittedEntry): void {
    this.onEntry?.(committed);
  }

  signal(event: BusEvent): void {
    this.onEvent?.(event);
  }
}
