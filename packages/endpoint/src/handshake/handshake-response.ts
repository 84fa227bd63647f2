// What a configurator may add to the answer of a handshake.
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { EndpointError } from '../errors.js';

// The handshake itself writes these (RFC 6455 §4.2.2, RFC 9110 §7.8 and §8.6).
const ownedByTheHandshake = /^(?:sec-websocket-.*|upgrade|connection|content-length|content-type|transfer-encoding)$/i;

export class HandshakeResponse {
  readonly #headers: Record<string, string[]> = Object.create(null) as Record<string, string[]>;

  /**
   * Adds a header line to the answer that opens the session; one name may have several (`Set-Cookie`).
   * @throws EndpointError invalid_option for a header of the handshake itself; TypeError for a name or value that HTTP
   *   does not allow
   */
  addHeader(name: string, value: string): void {
    assertAddable(name, value);
    this.#headers[name] ??= [];
    this.#headers[name].push(value);
  }

  get headers(): Readonly<Record<string, readonly string[]>> {
    return this.#headers;
  }
}

/** @throws EndpointError invalid_option; TypeError for what HTTP does not allow */
export function assertAddable(name: string, value: string): void {
  if (ownedByTheHandshake.test(name)) {
    throw new EndpointError('invalid_option', `the header "${name}" is written by the handshake itself`);
  }
  // A line break in a value would let its writer begin a second answer.
  validateHeaderName(name);
  validateHeaderValue(name, value);
}
