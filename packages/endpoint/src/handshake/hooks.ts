// Calling the hooks of one handshake: the time they share, and the refusals they return, throw, or forget.
import { EndpointError } from '../errors.js';
import { isThenable } from '../promises.js';
import { type ConnectionRefusal, hookEnded, hookStarted, isRefusal, type OrRefusal } from './refusals.js';

export class HandshakeHooks {
  readonly #limitMs: number;
  readonly #endsAtMs: number;

  /** The time begins now. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.#endsAtMs = performance.now() + limitMs;
  }

  /**
   * What a hook returned: at once, or a promise if it returned one.
   * @throws (or rejects) the refusal that the hook returned or threw; what else it threw; EndpointError handshake_timeout
   */
  call<Answer>(name: string, hook: () => OrRefusal<Answer>): Answer | Promise<Answer> {
    const started = hookStarted();
    let isPending = false;
    try {
      const answer = hook();
      isPending = isThenable(answer);
      // Most hooks answer at once: no promise and no timer for them.
      if (!isPending) return notRefused(answer as Answer | ConnectionRefusal);
      return this.#inTime(name, answer as PromiseLike<Answer | ConnectionRefusal>)
        .then<Answer, never>(notRefused, failed)
        .finally(() => hookEnded(started));
    } catch (error) {
      return failed(error);
    } finally {
      if (!isPending) hookEnded(started);
    }
  }

  /** What the hook does after its time is ignored. */
  #inTime<Answer>(name: string, answer: PromiseLike<Answer>): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      const message = `${name} took longer than handshakeTimeoutMs (${this.#limitMs}) leaves the hooks of a handshake`;
      const restMs = Math.max(0, this.#endsAtMs - performance.now());
      timer = setTimeout(() => reject(new EndpointError('handshake_timeout', message)), restMs);
    });
    return Promise.race([answer, timeout]).finally(() => clearTimeout(timer));
  }
}

function notRefused<Answer>(answer: Answer | ConnectionRefusal): Answer {
  if (isRefusal(answer)) throw answer;
  return answer;
}

/** A refusal that was thrown counts as used, like one that was returned. */
function failed(error: unknown): never {
  isRefusal(error);
  throw error;
}
