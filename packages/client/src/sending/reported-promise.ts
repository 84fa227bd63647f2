// The promises that the app gets. Whether it looks at one or not, a failure is never silent.

import type { LongwireError } from '../errors.js';
import type { PlatformClock } from '../platform/platform.js';

export interface ReportedPromisePort {
  readonly clock: PlatformClock;
  /** A promise was rejected and the app has not called its `then`, `catch` or `finally`, nor awaited it. */
  onUnhandled(error: LongwireError): void;
}

/**
 * A promise whose rejection is reported to the `error` event if the app ignores it, where an ordinary promise would end
 * a Node process. It counts as ignored if nothing was attached by the turn of the event loop after the rejection.
 */
export class ReportedPromise<Result> extends Promise<Result> {
  // What `then` returns is an ordinary promise.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  #isHandled = false;

  constructor(
    executor: (resolve: (result: Result) => void, reject: (error: LongwireError) => void) => void,
    { clock, onUnhandled }: ReportedPromisePort,
  ) {
    super(executor);
    super.then(undefined, (error: LongwireError) => {
      if (this.#isHandled) return;
      clock.startTimer(0, () => {
        if (!this.#isHandled) onUnhandled(error);
      });
    });
  }

  // `await` calls it too, because the constructor of this promise is not Promise.
  // biome-ignore lint/suspicious/noThenProperty: it overrides the method of Promise
  override then<Fulfilled = Result, Rejected = never>(
    onFulfilled?: ((result: Result) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((error: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#isHandled = true;
    return super.then(onFulfilled, onRejected);
  }
}
