// One timer for the deadlines of all connections: entries are kept in slots by due time, a single timeout visits the next used one.
import { performance } from 'node:perf_hooks';

const SLOT_MS = 32;
const SLOT_COUNT = 2048;
const HORIZON_MS = SLOT_MS * (SLOT_COUNT - 1);
// A timer this late means that the process was blocked or the machine suspended, so that nothing could be read meanwhile.
const STALL_MS = 500;

export interface WheelEntry {
  /** Set by the wheel: when the entry is due, -1 while it is not in the wheel. */
  dueMs: number;
}

/** Whole milliseconds of a monotonic clock. */
export type MonotonicClock = () => number;

export const monotonicMs: MonotonicClock = () => Math.floor(performance.now());

export class TimerWheel<Entry extends WheelEntry> {
  readonly #onDue: (entry: Entry, nowMs: number) => number;
  readonly #clock: MonotonicClock;
  readonly #slots: Array<Set<Entry> | undefined> = new Array(SLOT_COUNT).fill(undefined);
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = 0;
  #visitedSlot = 0;
  #stalledMs = 0;

  /**
   * @param onDue called when an entry is due; returns the milliseconds until it is due again, or -1 for never
   * @param clock for tests
   */
  constructor(onDue: (entry: Entry, nowMs: number) => number, clock: MonotonicClock = monotonicMs) {
    this.#onDue = onDue;
    this.#clock = clock;
  }

  /** Entries waiting. */
  get size(): number {
    return this.#size;
  }

  /** Now, minus the time in which this process was blocked: a peer is not held responsible for what was not read then. */
  now(): number {
    return this.#clock() - this.#stalledMs;
  }

  /**
   * Makes `entry` due in `delayMs`, replacing an earlier due time.
   * @param nowMs what `now` returned in this turn, for callers that have asked
   */
  schedule(entry: Entry, delayMs: number, nowMs: number = this.now()): void {
    this.remove(entry);
    if (this.#size === 0) this.#visitedSlot = Math.floor(nowMs / SLOT_MS);
    this.#insert(entry, nowMs + delayMs);
    this.#arm(Math.min(delayMs, HORIZON_MS), nowMs);
  }

  remove(entry: Entry): void {
    if (entry.dueMs < 0) return;
    const index = slotIndex(entry.dueMs);
    entry.dueMs = -1;
    const slot = this.#slots[index];
    if (slot?.delete(entry)) this.#size--;
    if (slot?.size === 0) this.#slots[index] = undefined;
    if (this.#size === 0) this.#disarm();
  }

  #insert(entry: Entry, dueMs: number): void {
    entry.dueMs = dueMs;
    const index = slotIndex(dueMs);
    const slot = this.#slots[index];
    if (slot === undefined) this.#slots[index] = new Set([entry]);
    else slot.add(entry);
    this.#size++;
  }

  #arm(delayMs: number, nowMs: number): void {
    const dueMs = nowMs + this.#stalledMs + delayMs + SLOT_MS;
    if (this.#timer !== undefined && this.#timerDueMs <= dueMs) return;
    this.#disarm();
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(() => this.#visit(), dueMs - this.#clock());
    // Sockets keep the process alive; their deadlines do not.
    this.#timer.unref();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #visit(): void {
    this.#timer = undefined;
    const lateMs = this.#clock() - this.#timerDueMs;
    if (lateMs > STALL_MS) this.#stalledMs += lateMs;
    const nowMs = this.now();
    const lastSlot = Math.floor(nowMs / SLOT_MS);
    const firstSlot = Math.max(this.#visitedSlot, lastSlot - SLOT_COUNT + 1);
    this.#visitedSlot = lastSlot;
    for (let slot = firstSlot; slot <= lastSlot; slot++) this.#visitSlot(slot % SLOT_COUNT, nowMs);
    if (this.#size > 0) this.#arm(this.#nextUsedSlotMs(lastSlot) - nowMs, nowMs);
  }

  #visitSlot(index: number, nowMs: number): void {
    const slot = this.#slots[index];
    if (slot === undefined) return;
    for (const entry of [...slot]) {
      // Due a revolution later, or removed by the callback of another entry.
      if (entry.dueMs > nowMs || !slot.has(entry)) continue;
      const againMs = this.#onDue(entry, nowMs);
      if (entry.dueMs > nowMs || !slot.has(entry)) continue;
      this.remove(entry);
      if (againMs >= 0) this.schedule(entry, againMs, nowMs);
    }
  }

  #nextUsedSlotMs(fromSlot: number): number {
    for (let slot = fromSlot; slot < fromSlot + SLOT_COUNT; slot++) {
      if (this.#slots[slot % SLOT_COUNT] !== undefined) return (slot + 1) * SLOT_MS;
    }
    return (fromSlot + 1) * SLOT_MS;
  }
}

function slotIndex(dueMs: number): number {
  return Math.floor(dueMs / SLOT_MS) % SLOT_COUNT;
}
