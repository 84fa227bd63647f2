// Coming back after a connection has ended: whether, and when.
import { randomInt } from 'node:crypto';
import { WebSocketCloseCode, WebSocketError } from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import { assertKnownNames, assertWholeNumber, maxTimerMs } from '../option-checks.js';
import type { CloseCause, CloseReason } from '../session/close-reason.js';

export interface ReconnectOptions {
  /** Upper bound of the first wait; it doubles with each attempt in a row. Milliseconds, default 500. */
  readonly minDelayMs?: number;
  /** Upper bound of every wait. Milliseconds, default 30 000. */
  readonly maxDelayMs?: number;
  /** Attempts in a row before giving up. Default: without end. */
  readonly maxAttempts?: number;
  /**
   * Asked after each end and each failed attempt: with the reason of the session, or with the error (connect_failed).
   * Default {@link isWorthReconnecting}. Never asked after `close()` of the connection.
   */
  readonly shouldReconnect?: (why: CloseReason | EndpointError) => boolean;
}

export type ResolvedReconnectOptions = Required<ReconnectOptions>;

/** Whether a session that ended for this is worth another one; undefined: that depends on the code. */
const passingCauses: Readonly<Record<CloseCause, boolean | undefined>> = {
  closed: undefined,
  going_away: undefined,
  connection_lost: true,
  heartbeat_timeout: true,
  slow_consumer: true,
  handler_failed: true,
  // What the program wanted, or would only happen again.
  terminated: false,
  close_timeout: false,
  idle_timeout: false,
  protocol_error: false,
  unsupported_data: false,
  message_too_big: false,
};

// RFC 6455 §7.4.1 and the IANA registry: going away, no code at all, a server error, a restart, overload, a bad gateway.
// Everything else was meant for us: the same would come again.
const passingCodes: ReadonlySet<number> = new Set([
  WebSocketCloseCode.goingAway,
  WebSocketCloseCode.noStatusReceived,
  WebSocketCloseCode.internalError,
  WebSocketCloseCode.serviceRestart,
  WebSocketCloseCode.tryAgainLater,
  WebSocketCloseCode.badGateway,
]);

/**
 * True when another attempt may fare better. After a session: when the connection was lost, silent or too slow, when a
 * handler failed without an `onError` to report it to, and when the server closed with 1001, 1011-1014 or without a code;
 * not after other codes, 3000-4999 included, with which the server says something, and not when the program closed it.
 * After a failed attempt: unless the server does not speak WebSocket, has a certificate that is not trusted, or refused
 * with a status below 500, other than 408 and 429.
 */
export function isWorthReconnecting(why: CloseReason | EndpointError): boolean {
  if (why instanceof EndpointError) return isPassing(why.cause);
  return passingCauses[why.cause] ?? (why.initiator === 'remote' && passingCodes.has(why.code));
}

function isPassing(cause: unknown): boolean {
  if (!(cause instanceof WebSocketError)) return true;
  const { status = 0 } = cause;
  return cause.retryable || status >= 500 || status === 408 || status === 429;
}

/**
 * Full jitter, so that a thousand clients that were thrown out together do not come back together.
 * @param attempt  0 for the first after a connection that worked
 */
export function reconnectDelayMs(attempt: number, { minDelayMs, maxDelayMs }: ResolvedReconnectOptions): number {
  // 2 ** 1100 is Infinity; the minimum keeps the result finite for any attempt.
  const boundMs = Math.min(maxDelayMs, minDelayMs * 2 ** attempt);
  return Math.floor((randomInt(2 ** 32) / 2 ** 32) * boundMs);
}

/** @throws EndpointError unknown_option, invalid_option */
export function resolveReconnectOptions(
  given: boolean | ReconnectOptions,
  where: string,
): ResolvedReconnectOptions | undefined {
  if (given === false) return undefined;
  const options = given === true ? {} : given;
  const invalid = (reason: string): never => {
    throw new EndpointError('invalid_option', `${where}: reconnect${reason}`);
  };
  if (typeof options !== 'object' || options === null) return invalid(' is true, false or an object');
  const names = ['minDelayMs', 'maxDelayMs', 'maxAttempts', 'shouldReconnect'];
  assertKnownNames(options, names, `${where}: reconnect`);
  const { minDelayMs = 500, maxDelayMs = Math.max(30_000, minDelayMs) } = options;
  const { maxAttempts = Number.POSITIVE_INFINITY, shouldReconnect = isWorthReconnecting } = options;
  const named = `${where}: reconnect`;
  assertWholeNumber('minDelayMs', minDelayMs, { min: 1, max: maxTimerMs }, named);
  assertWholeNumber('maxDelayMs', maxDelayMs, { min: minDelayMs, max: maxTimerMs }, named);
  if (maxAttempts !== Number.POSITIVE_INFINITY) {
    assertWholeNumber('maxAttempts', maxAttempts, { min: 1, max: Number.MAX_SAFE_INTEGER }, named);
  }
  if (typeof shouldReconnect !== 'function') return invalid('.shouldReconnect is a function');
  return Object.freeze({ minDelayMs, maxDelayMs, maxAttempts, shouldReconnect });
}
