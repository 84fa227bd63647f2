// Engine of the bus for one process: a call.

import type { Lane, LaneRow } from '../../channel/lane.js';
import type { Bus, BusEvent, EventListener } from '../bus.js';
import type { OrderGate } from '../order-gate.js';

export class LocalBus implements Bus {
  readonly #gate: OrderGate;
  readonly #listeners: EventListener[] = [];

  constructor(gate: OrderGate) {
    this.#gate = gate;
  }

  commit(lane: Lane, rows: readonly LaneRow[]): void {
    this.#gate.offer(lane, rows);
  }

  signal(event: BusEvent): void {
    for (const listener of this.#listeners) listener.onEvent(event);
  }

  subscribe(listener: EventListener): void {
    this.#listeners.push(listener);
  }
}
