// The time that the hooks of one handshake have together.
import { EndpointError } from '../errors.js';

export class HandshakeDeadline {
  readonly #limitMs: number;
  readonly #endsAtMs: number;

  /** Begins now. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.#endsAtMs = performance.now() + limitMs;
  }

  /**
   * What a hook returned, at once when that is no promise.
   * @throws EndpointError (rejects) handshake_timeout; whatever the hook rejects with later is nobody's error then
   */
  wait<Value>(hook: string, returned: Value | PromiseLike<Value>): Value | Promise<Value> {
    // Most hooks answer at once: no promise and no timer for them.
    if (typeof returned !== 'object' || returned === null || !('then' in returned)) return returned;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      const message = `${hook} took longer than handshakeTimeoutMs (${this.#limitMs}) leaves the hooks of a handshake`;
      const restMs = Math.max(0, this.#endsAtMs - performance.now());
      timer = setTimeout(() => reject(new EndpointError('handshake_timeout', message)), restMs);
    });
    return Promise.race([returned, timeout]).finally(() => clearTimeout(timer));
  }
}
