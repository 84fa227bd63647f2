// How a container ends: what may be asked of it, and the sessions closed in waves.
import { isCloseCodeOnWire, MAX_CLOSE_REASON_BYTES, WebSocketCloseCode } from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import { assertKnownNames, assertWholeNumber, dayMs } from '../option-checks.js';
import { settledWithin } from '../promises.js';
import { type Session, senderOf } from '../session/session.js';

/** What is sent to closed sessions. */
export interface SessionCloseOptions {
  /** Default 1001, going away. */
  readonly code?: number;
  /** At most 123 bytes of UTF-8. Default ''. */
  readonly reason?: string;
}

export interface ContainerCloseOptions extends SessionCloseOptions {
  /** How long sessions may take to close and their handlers to settle. Default 5 000; what is left is terminated. */
  readonly withinMs?: number;
  /**
   * In how many groups the sessions are closed, spread evenly over the first half of `withinMs`, so that not all of
   * them come back in the same moment. Default 1 for less than 100 sessions, else 10.
   */
  readonly waves?: number;
}

export interface ResolvedCloseOptions extends Required<SessionCloseOptions> {
  readonly withinMs: number;
  readonly waves: number | undefined;
}

/** @throws EndpointError unknown_option, invalid_option */
export function resolveCloseOptions(options: ContainerCloseOptions): ResolvedCloseOptions {
  assertKnownNames(options, ['code', 'reason', 'withinMs', 'waves'], 'close');
  const { code = WebSocketCloseCode.goingAway, reason = '', withinMs = 5_000, waves } = options;
  const invalid = (what: string): never => {
    throw new EndpointError('invalid_option', `close: ${what}`);
  };
  if (!isCloseCodeOnWire(code)) return invalid(`${code} is no close code that may be sent`);
  if (typeof reason !== 'string' || Buffer.byteLength(reason) > MAX_CLOSE_REASON_BYTES) {
    return invalid(`the reason is a text of at most ${MAX_CLOSE_REASON_BYTES} bytes`);
  }
  assertWholeNumber('withinMs', withinMs, { min: 0, max: dayMs }, 'close');
  if (waves !== undefined) assertWholeNumber('waves', waves, { min: 1, max: Number.MAX_SAFE_INTEGER }, 'close');
  return { code, reason, withinMs, waves };
}

/** Begins to close all of them; resolves with the last wave, or as soon as `allEnded` has resolved. */
export async function closeInWaves(
  sessions: readonly Session[],
  { code, reason, withinMs, waves = sessions.length < 100 ? 1 : 10 }: ResolvedCloseOptions,
  allEnded: Promise<unknown>,
): Promise<void> {
  const perWave = Math.ceil(sessions.length / waves);
  const intervalMs = withinMs / 2 / waves;
  for (let begin = 0; begin < sessions.length; begin += perWave) {
    if (begin > 0) await settledWithin(allEnded, intervalMs);
    for (const session of sessions.slice(begin, begin + perWave)) senderOf(session).close('going_away', code, reason);
  }
}
