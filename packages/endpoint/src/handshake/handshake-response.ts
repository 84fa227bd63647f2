// What a configurator may add to the answer of a handshake, or answer instead.
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { type HandshakeRefusal, refusal } from '@longwire/websocket';
import { EndpointError } from '../errors.js';

// The handshake itself writes these (RFC 6455 §4.2.2, RFC 9110 §7.8 and §8.6).
const ownedByTheHandshake = /^(?:sec-websocket-.*|upgrade|connection|content-length|content-type|transfer-encoding)$/i;

export class HandshakeResponse {
  readonly #headers: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  #refusal: HandshakeRefusal | undefined;

  /**
   * Adds a header line to the answer that opens the session; one name may have several (`Set-Cookie`).
   * @throws EndpointError invalid_option for a header of the handshake itself; TypeError for a name or value that HTTP
   *   does not allow
   */
  addHeader(name: string, value: string): void {
    checkHeader(name, value);
    this.#headers[name] ??= [];
    this.#headers[name].push(value);
  }

  /**
   * Answers with an HTTP status (400-599), a sentence and headers (`Retry-After`) instead of opening the session.
   * Browsers show none of it to their pages: to tell a page why, open the session and close it with a code. @throws as
   * {@link addHeader}; EndpointError invalid_option for another status
   */
  refuse(status: number, message: string, headers: Readonly<Record<string, string>> = {}): void {
    this.#refusal = checkedRefusal(status, message, headers);
  }

  get refusal(): HandshakeRefusal | undefined {
    return this.#refusal;
  }

  get headers(): Readonly<Record<string, readonly string[]>> {
    return this.#headers;
  }
}

/** @throws EndpointError invalid_option; TypeError for a header that HTTP does not allow */
export function checkedRefusal(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>>,
): HandshakeRefusal {
  if (!Number.isInteger(status) || status < 400 || status > 599) {
    throw new EndpointError('invalid_option', `refuse: a status from 400 to 599 is expected, not ${status}`);
  }
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  return refusal(status, message, headers);
}

function checkHeader(name: string, value: string): void {
  if (ownedByTheHandshake.test(name)) {
    throw new EndpointError('invalid_option', `the header "${name}" is written by the handshake itself`);
  }
  // A line break in a value would let its writer begin a second answer.
  validateHeaderName(name);
  validateHeaderValue(name, value);
}
