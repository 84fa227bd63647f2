// How a container ends: what may be asked of it, and the sessions closed in waves.
import { isCloseCodeOnWire, MAX_CLOSE_REASON_BYTES } from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import { refuseUnknownNames } from '../known-names.js';
import { closeBecause, type Session } from '../session/session.js';

/** What closed sessions are told. */
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
  refuseUnknownNames(options, ['code', 'reason', 'withinMs', 'waves'], 'close');
  const { code = 1001, reason = '', withinMs = 5_000, waves } = options;
  const refuse = (what: string): never => {
    throw new EndpointError('invalid_option', `close: ${what}`);
  };
  if (!isCloseCodeOnWire(code)) return refuse(`${code} is no close code that may be sent`);
  if (typeof reason !== 'string' || Buffer.byteLength(reason) > MAX_CLOSE_REASON_BYTES) {
    return refuse(`the reason is a text of at most ${MAX_CLOSE_REASON_BYTES} bytes`);
  }
  if (!Number.isFinite(withinMs) || withinMs < 0 || withinMs > 86_400_000) {
    return refuse(`withinMs is from 0 to 86 400 000, not ${withinMs}`);
  }
  if (waves !== undefined && (!Number.isInteger(waves) || waves < 1)) return refuse('waves is a whole number from 1');
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
    for (const session of sessions.slice(begin, begin + perWave)) closeBecause(session, 'going_away', code, reason);
  }
}

/** Resolves when `work` has settled or the time is over, whichever is first. */
export async function settledWithin(work: Promise<unknown>, withinMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, withinMs);
  });
  await Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}
