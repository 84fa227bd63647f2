// Failures that may come a thousand times a second, such as those of a full disk: one line a second for each kind.

import type { Clock } from './clock.js';
import type { LogFields, Logger } from './logger.js';

export const FAILURE_INTERVAL_MS = 1_000;

/** A kind that was logged less than an interval ago. */
interface RecentFailure {
  /** Failures since the line, and what the last one said. */
  count: number;
  last: LogFields;
}

export class FailureLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #recent = new Map<string, RecentFailure>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /**
   * Logs the first failure of a kind at once. Those of the second after it become one line, with their `count`.
   * @param message  with the error's code, what makes the kind: one of a few texts, with nothing variable in it
   */
  report(message: string, error: unknown, fields: LogFields = {}): void {
    const detail = { ...fields, ...detailOf(error) };
    const kind = isCatalogued(error) ? `${message} ${error.code}` : message;
    const recent = this.#recent.get(kind);
    if (recent !== undefined) {
      recent.count += 1;
      recent.last = detail;
      return;
    }
    this.#recent.set(kind, { count: 0, last: detail });
    this.#logger.error(detail, message);
    this.#clock.setTimer(FAILURE_INTERVAL_MS, () => this.#summarize(kind, message));
  }

  #summarize(kind: string, message: string): void {
    const { count, last } = this.#recent.get(kind)!;
    this.#recent.delete(kind);
    if (count === 0) return;
    this.#logger.error({ ...last, count }, message);
    // What goes on is still one line a second.
    this.#recent.set(kind, { count: 0, last });
    this.#clock.setTimer(FAILURE_INTERVAL_MS, () => this.#summarize(kind, message));
  }
}

/** An error of one of our catalogues says what happened in its message; of any other, and of `fatal`, the stack is needed. */
function detailOf(error: unknown): LogFields {
  return isCatalogued(error) && error.code !== 'fatal' ? { code: error.code, reason: error.message } : { err: error };
}

function isCatalogued(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'retryable' in error;
}
