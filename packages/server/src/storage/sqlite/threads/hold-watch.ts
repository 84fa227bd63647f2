// How long single commands hold the storage thread: everything else waits for that long.

import { readFileSync } from 'node:fs';
import { ServerError } from '../../../errors.js';
import type { HeldEngine } from '../../store.js';

/** What takes longer is reported. */
const REPORTED_HOLD_MS = 50;

export interface HoldWatchOptions {
  readonly onHeld: (held: HeldEngine) => void;
  /** For tests: a command that takes more processor time than this ends the store. */
  readonly maxHoldMs: number | undefined;
}

export class HoldWatch {
  readonly #options: HoldWatchOptions;
  #startedMs = 0;
  #startedCpuMs = 0;

  constructor(options: HoldWatchOptions) {
    this.#options = options;
  }

  begin(): void {
    if (this.#options.maxHoldMs !== undefined) this.#startedCpuMs = threadCpuMs();
    this.#startedMs = performance.now();
  }

  /** @throws ServerError `fatal` in tests */
  end(command: string): void {
    const { onHeld, maxHoldMs } = this.#options;
    const ms = performance.now() - this.#startedMs;
    if (ms >= REPORTED_HOLD_MS) onHeld({ command, ms: Math.round(ms) });
    if (maxHoldMs === undefined) return;
    const cpuMs = threadCpuMs() - this.#startedCpuMs;
    if (cpuMs <= maxHoldMs) return;
    throw new ServerError('fatal', `${command} held the storage thread for ${cpuMs} ms, and may for ${maxHoldMs} ms`);
  }
}

/** Processor time of this thread: a busy machine does not change it. Elapsed time where the system does not report it. */
function threadCpuMs(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e6;
  } catch {
    return performance.now();
  }
}
