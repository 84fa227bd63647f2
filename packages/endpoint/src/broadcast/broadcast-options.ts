// The options of a broadcast and of one message of it, checked and completed.
import { EndpointError } from '../errors.js';
import { assertKnownNames, assertWholeNumber, kindOf, maxTimerMs } from '../option-checks.js';
import { answeredAtOnce } from '../promises.js';
import { Session } from '../session/session.js';

/**
 * What happens to a receiver that reads too slowly:
 * - `close`: it is closed with 1008, so it knows that it misses something, and may connect again.
 * - `skip`: it misses this message and is not notified. For messages that the next one makes worthless, such as prices.
 * - `wait`: the message is queued behind what it has not taken yet; it is closed with 1008 if it does not take it in time.
 */
export type SlowReceiverPolicy = 'close' | 'skip' | 'wait';

export interface BroadcastOptions {
  /** What happens to receivers above `maxBufferedBytes`. Default `close`: a receiver that misses something must know. */
  readonly slow?: SlowReceiverPolicy;
  /** A receiver is slow while more than this waits for it. Bytes, default 1 MiB. */
  readonly maxBufferedBytes?: number;
  /** How long the policy `wait`, and `sendAndWait`, wait for a receiver. Milliseconds, default 10 000. */
  readonly waitMs?: number;
}

const where = 'a broadcast';

/** @throws EndpointError unknown_option, invalid_option */
export function resolveBroadcastOptions(options: BroadcastOptions): Required<BroadcastOptions> {
  assertKnownNames(options, ['slow', 'maxBufferedBytes', 'waitMs'], where);
  const { slow = 'close', maxBufferedBytes = 1_048_576, waitMs = 10_000 } = options;
  if (slow !== 'close' && slow !== 'skip' && slow !== 'wait') {
    throw new EndpointError(
      'invalid_option',
      `${where}: slow is "close", "skip" or "wait", not ${JSON.stringify(slow)}`,
    );
  }
  assertWholeNumber('maxBufferedBytes', maxBufferedBytes, { min: 0, max: Number.MAX_SAFE_INTEGER }, where);
  assertWholeNumber('waitMs', waitMs, { min: 1, max: maxTimerMs }, where);
  return Object.freeze({ slow, maxBufferedBytes, waitMs });
}

export interface BroadcastSendOptions<Path extends string = string> {
  /** Who does not get this message: one session, several, or those for which the function returns true. */
  readonly except?: Session<Path> | Iterable<Session<Path>> | ((session: Session<Path>) => boolean);
}

/** The default: no member is excepted, and nothing has to be checked. */
export const toAll = Object.freeze({});

/**
 * A misspelt `except` would send to sessions that it should leave out.
 * @throws EndpointError unknown_option, invalid_option
 */
export function assertSendOptions(options: { readonly except?: unknown }): void {
  if (options === toAll) return;
  assertKnownNames(options, ['except'], 'a message of a broadcast');
  const { except } = options;
  if (except === undefined || typeof except === 'function' || except instanceof Session) return;
  // Text is iterable as well: the id of a session is not a session.
  if (typeof except === 'object' && except !== null && Symbol.iterator in except) return;
  const expected = 'except is a session, several, or a function that returns true for those left out';
  throw new EndpointError('invalid_option', `a message of a broadcast: ${expected}, not ${kindOf(except)}`);
}

const noMembers: ReadonlySet<never> = new Set();

/**
 * The sessions that do not get a message. What a function of the program returns is collected here, so that it throws before
 * the first send.
 */
export function exceptedBy<Path extends string>(
  { except }: BroadcastSendOptions<Path>,
  sessions: Iterable<Session<Path>>,
): ReadonlySet<Session<Path>> {
  if (except === undefined) return noMembers;
  if (typeof except === 'function') {
    return new Set([...sessions].filter((session) => answeredAtOnce('except', except(session))));
  }
  return new Set(Symbol.iterator in except ? except : [except]);
}
