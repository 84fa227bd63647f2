// Who a client is, and the two ways to send one away: in HTTP before the upgrade, or with a close code after it.
import { type HandshakeRefusal, isCloseCodeOnWire, MAX_CLOSE_REASON_BYTES } from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import { kindOf } from '../option-checks.js';
import { checkedRefusal } from './handshake-response.js';

/** Who a session belongs to, as the configurator's `authenticate` says. Any claim of the application may stand beside. */
export interface Principal {
  readonly name: string;
  readonly [claim: string]: unknown;
}

/** What {@link refuse} and {@link closeWith} make, for `authenticate` to return. */
export type AuthenticationRefusal = RefusedWithStatus | ClosedWithCode;

/** The answer is an HTTP status; there is no upgrade. */
export class RefusedWithStatus {
  readonly answer: HandshakeRefusal;

  constructor(answer: HandshakeRefusal) {
    this.answer = answer;
  }
}

/** The connection is accepted and closed; no session opens for the handlers. */
export class ClosedWithCode {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}

/**
 * Refuses a handshake with an HTTP status (400-599), a sentence and headers, before the upgrade. A browser tells its
 * page nothing of it: where the page must know why, {@link closeWith} a code.
 * ```ts
 * authenticate: (request) => users.get(request.headers.authorization) ?? refuse(401, 'Who are you?', { 'WWW-Authenticate': 'Bearer' })
 * ```
 * @throws EndpointError invalid_option for another status; TypeError for a header that HTTP does not allow
 */
export function refuse(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): AuthenticationRefusal {
  return new RefusedWithStatus(checkedRefusal(status, message, headers));
}

/**
 * Accepts the connection and closes it at once, so that a page sees the code in its `close` event. No handler of the
 * endpoint is called.
 * @param code  one that may be sent; 4000-4999 are the application's own
 * @param reason  at most 123 bytes of UTF-8
 * @throws EndpointError invalid_option
 */
export function closeWith(code: number, reason = ''): AuthenticationRefusal {
  if (!isCloseCodeOnWire(code)) {
    throw new EndpointError('invalid_option', `closeWith: ${code} is no close code that may be sent`);
  }
  if (Buffer.byteLength(reason) > MAX_CLOSE_REASON_BYTES) {
    throw new EndpointError('invalid_option', `closeWith: a reason has at most ${MAX_CLOSE_REASON_BYTES} bytes`);
  }
  return new ClosedWithCode(code, reason);
}

/**
 * Takes what a hook returned, which in JavaScript may be anything. Undefined is a guest; whatever is neither that nor a
 * principal is a fault and lets nobody in (`null` of a failed look-up above all).
 * @throws EndpointError invalid_principal
 */
export function authenticated(returned: unknown): Principal | undefined | AuthenticationRefusal {
  if (returned === undefined) return undefined;
  if (returned instanceof RefusedWithStatus || returned instanceof ClosedWithCode) return returned;
  if (typeof returned === 'object' && returned !== null && typeof (returned as Principal).name === 'string') {
    return returned as Principal;
  }
  throw new EndpointError(
    'invalid_principal',
    `authenticate: expected an object with a name, refuse(…), closeWith(…) or undefined, got ${kindOf(returned)}`,
  );
}
