// Who waits until output has been handed to the operating system, in the order of that output.
import { Queue } from '../queue.js';
import { connectionErrors } from './connection-errors.js';

interface Waiter {
  /** Handed over once this many bytes have been, those of `#delayBytes` apart. */
  position: number;
  resolve(): void;
  reject(reason: unknown): void;
}

/** Where output waits. */
interface WaitingPlace {
  /** Calls back once all that waits here now has been handed to the operating system, or never will be. */
  whenHandedOver(resolve: () => void, reject: (reason: unknown) => void): void;
}

/** @throws WebSocketError (rejects) `connection_ended` with the reason as its cause */
export function handedOver(place: WaitingPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    place.whenHandedOver(resolve, (reason) => reject(connectionErrors.ended(reason)));
  });
}

export class HandOverWaiters {
  readonly #waiters = new Queue<Waiter>();
  /** What went ahead of those who wait, all in all. */
  #delayBytes = 0;

  /** @param position  not below that of the one before */
  add(position: number, resolve: () => void, reject: (reason: unknown) => void): void {
    this.#waiters.push({ position: position - this.#delayBytes, resolve, reject });
  }

  /** Those of `others` wait here from now on, their output behind what lies before `start`. */
  takeOver(others: HandOverWaiters, start: number): void {
    for (const { position, resolve, reject } of others.#waiters.takeAll()) this.add(start + position, resolve, reject);
  }

  /** So many bytes go ahead of all that anybody waits for. */
  delay(bytes: number): void {
    this.#delayBytes += bytes;
  }

  /** All bytes up to here have been handed over. */
  settle(position: number): void {
    while ((this.#waiters.first?.position ?? Number.POSITIVE_INFINITY) + this.#delayBytes <= position) {
      this.#waiters.shift()!.resolve();
    }
  }

  rejectAll(reason: unknown): void {
    for (const waiter of this.#waiters.takeAll()) waiter.reject(reason);
  }

  get isEmpty(): boolean {
    return this.#waiters.length === 0;
  }
}
