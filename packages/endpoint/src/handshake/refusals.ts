// The two ways to send a client away: in HTTP before the upgrade, or with a close code after it. Every hook of a
// configurator may return or throw a refusal; one that it makes and forgets has no effect, so there is a warning.
import { STATUS_CODES } from 'node:http';
import {
  type HandshakeRefusal,
  isCloseCodeOnWire,
  MAX_CLOSE_REASON_BYTES,
  Queue,
  refusal,
  WebSocketCloseCode,
} from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import { WarningsOnce } from '../warnings.js';
import { assertAddable } from './handshake-response.js';

/** What {@link refuse} and {@link closeWith} return, for any hook of a configurator to return or throw. */
export type ConnectionRefusal = RefusedWithStatus | ClosedWithCode;

/** What a hook answers, now or later, or a refusal in its place. */
export type OrRefusal<Answer> = Answer | ConnectionRefusal | PromiseLike<Answer | ConnectionRefusal>;

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
 * Refuses a handshake with an HTTP status (400-599), a sentence (default: the name of the status) and headers, before the
 * upgrade. To be returned or thrown by a hook. Browsers show nothing of it to their pages: where the page must know why, {@link closeWith} a code.
 * ```ts
 * authenticate: (request) => users.get(request.headers.authorization) ?? refuse(401, 'Who are you?', { 'WWW-Authenticate': 'Bearer' })
 * ```
 * @throws EndpointError invalid_option for another status; TypeError for a header that HTTP does not allow
 */
export function refuse(
  status: number,
  message = STATUS_CODES[status] ?? 'Refused',
  headers: Readonly<Record<string, string>> = {},
): ConnectionRefusal {
  if (!Number.isInteger(status) || status < 400 || status > 599) {
    throw new EndpointError('invalid_option', `refuse: a status from 400 to 599 is expected, not ${String(status)}`);
  }
  for (const [name, value] of Object.entries(headers)) assertAddable(name, value);
  return noticed(new RefusedWithStatus(refusal(status, message, headers)));
}

/**
 * Accepts the connection and closes it at once, so that a page sees the code in its `close` event. To be returned or
 * thrown by a hook. No handler of the endpoint is called.
 * @param code  one that may be sent; 4000-4999 are the application's own
 * @param reason  at most 123 bytes of UTF-8
 * @throws EndpointError invalid_option
 */
export function closeWith(code: number, reason = ''): ConnectionRefusal {
  if (!isCloseCodeOnWire(code)) {
    throw new EndpointError('invalid_option', `closeWith: ${code} is no close code that may be sent`);
  }
  if (Buffer.byteLength(reason) > MAX_CLOSE_REASON_BYTES) {
    throw new EndpointError('invalid_option', `closeWith: a reason has at most ${MAX_CLOSE_REASON_BYTES} bytes`);
  }
  return noticed(new ClosedWithCode(code, reason));
}

/** True for what {@link refuse} and {@link closeWith} return; it counts as used from then on. */
export function isRefusal(value: unknown): value is ConnectionRefusal {
  const is = value instanceof RefusedWithStatus || value instanceof ClosedWithCode;
  if (is) unused.delete(value);
  return is;
}

/** The close code and reason of a refusal that comes after the upgrade, when there is no status any more. */
export function closeFor(refused: ConnectionRefusal): ClosedWithCode {
  if (refused instanceof ClosedWithCode) return refused;
  const { body } = refused.answer;
  const { read } = new TextEncoder().encodeInto(body, new Uint8Array(MAX_CLOSE_REASON_BYTES));
  return new ClosedWithCode(WebSocketCloseCode.policyViolation, body.slice(0, read));
}

// A refusal that was made while hooks were running belongs to one of them. Once all of these have ended and it was neither
// returned nor thrown, it never will be. Hooks are numbered, so that the oldest one that runs shows which refusals to judge.
let hooksStarted = 0;
const running = new Set<number>();
const unused = new Set<ConnectionRefusal>();
const made = new Queue<{ readonly refusal: ConnectionRefusal; readonly by: number }>();
const warnings = new WarningsOnce();

/** Returns what to pass to {@link hookEnded}. */
export function hookStarted(): number {
  running.add(++hooksStarted);
  return hooksStarted;
}

export function hookEnded(started: number): void {
  running.delete(started);
  if (made.length === 0) return;
  const oldest = (running.values().next().value as number | undefined) ?? Number.POSITIVE_INFINITY;
  for (let first = made.first; first !== undefined && first.by < oldest; first = made.first) {
    made.shift();
    if (unused.delete(first.refusal)) warnOf(first.refusal);
  }
}

/** One that is made where no hook runs is a constant of the program, to be returned later. */
function noticed<Refusal extends ConnectionRefusal>(refused: Refusal): Refusal {
  if (running.size === 0) return refused;
  unused.add(refused);
  made.push({ refusal: refused, by: hooksStarted });
  return refused;
}

function warnOf(forgotten: ConnectionRefusal): void {
  const call =
    forgotten instanceof ClosedWithCode
      ? `closeWith(${forgotten.code}, ${JSON.stringify(forgotten.reason)})`
      : `refuse(${forgotten.answer.status}, ${JSON.stringify(forgotten.answer.body)})`;
  const message = `${call} was called in a hook of a configurator that neither returned nor threw it, so it had no effect: write "return refuse(…)"`;
  warnings.once('refusal_unused', call, () => ({ message, endpoint: undefined }));
}
