// Promises that settle when the operating system has taken output, in the order of that output.
import { Queue } from '../../queue.js';
import { connectionErrors } from '../lifecycle/connection-errors.js';

interface Waiter {
  /** Resolves when this many bytes have been written, not counting `#delayBytes`. */
  position: number;
  resolve(): void;
  reject(reason: unknown): void;
}

/** Where output waits. */
interface OutputPlace {
  /** Calls back when the operating system has taken all that waits here now, or never will. */
  whenWritten(resolve: () => void, reject: (reason: unknown) => void): void;
}

/**
 * Resolves when the operating system has taken what waits in `place` now.
 * @throws WebSocketError (rejects) `connection_ended` with the reason as its cause
 */
export function whenWritten(place: OutputPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    place.whenWritten(resolve, (reason) => reject(connectionErrors.ended(reason)));
  });
}

export class WriteWaiters {
  readonly #waiters = new Queue<Waiter>();
  /** All bytes that were written ahead of what is waited for. */
  #delayBytes = 0;

  /** @param position  not below that of the one before */
  add(position: number, resolve: () => void, reject: (reason: unknown) => void): void {
    this.#waiters.push({ position: position - this.#delayBytes, resolve, reject });
  }

  /** Moves the waiters of `others` here; their output begins at `start`. */
  takeOver(others: WriteWaiters, start: number): void {
    for (const { position, resolve, reject } of others.#waiters.takeAll()) this.add(start + position, resolve, reject);
  }

  /** This many bytes are written ahead of everything that is waited for. */
  delay(bytes: number): void {
    this.#delayBytes += bytes;
  }

  /** All bytes up to `position` have been written. */
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
