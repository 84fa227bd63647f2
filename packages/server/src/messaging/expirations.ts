// Removes entries whose `expiresAt` has come, in short steps with pauses, so that commits hardly wait for it.

import type { Clock, Timer } from '../runtime/clock.js';
import { MAINTENANCE_STEP_MS, type MaintenanceProgress, type MaintenanceStep } from '../storage/maintenance.js';
import type { Store } from '../storage/store.js';

/** How late an entry may be removed. */
export const EXPIRATION_INTERVAL_MS = 1_000;
/** Between two steps: the writer has at most a fifth of its time for them. */
const PAUSE_MS = 4 * MAINTENANCE_STEP_MS;

export interface ExpirationsParts {
  readonly store: { readonly log: Pick<Store['log'], 'maintain'>; readonly isWritable: boolean };
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
}

export class Expirations {
  readonly #parts: ExpirationsParts;
  #timer: Timer | undefined;
  #step: Promise<void> | undefined;
  #isStopping = false;

  constructor(parts: ExpirationsParts) {
    this.#parts = parts;
  }

  /** Begins at once with what has expired while no server ran. */
  start(): void {
    this.#begin();
  }

  /** Resolves when no step is at work any more; none follows. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#timer?.cancel();
    await this.#step;
  }

  #begin(): void {
    this.#run({ kind: 'expire', now: this.#parts.clock.now() });
  }

  #run(step: MaintenanceStep): void {
    const { store } = this.#parts;
    // On a full disk it waits, as all writes do.
    this.#step = (store.isWritable ? store.log.maintain(step) : Promise.resolve(DONE)).then(
      (progress) => this.#continue(progress),
      (error: unknown) => {
        this.#parts.onFailure(error);
        this.#continue(DONE);
      },
    );
  }

  #continue(progress: MaintenanceProgress): void {
    if (this.#isStopping) return;
    const { clock } = this.#parts;
    if (progress.isDone) this.#timer = clock.setTimer(EXPIRATION_INTERVAL_MS, () => this.#begin());
    else this.#timer = clock.setTimer(PAUSE_MS, () => this.#run(progress.next));
  }
}

const DONE: MaintenanceProgress = Object.freeze({ isDone: true });
