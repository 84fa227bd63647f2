// The options of a broadcast, checked and completed.
import { EndpointError } from '../errors.js';
import { refuseUnknownNames } from '../known-names.js';

/**
 * What happens to a receiver that reads too slowly:
 * - `close`: it is closed with 1008; it knows then that it misses something, and may come back.
 * - `skip`: it misses this message, and is told nothing. For what the next message makes worthless, such as prices.
 * - `wait`: it gets the message behind what it has not taken yet, and is closed with 1008 if it does not take it in time.
 */
export type SlowReceiverPolicy = 'close' | 'skip' | 'wait';

export interface BroadcastOptions {
  /** What happens to receivers above `maxBufferedBytes`. Default `close`: who misses something must know. */
  readonly slow?: SlowReceiverPolicy;
  /** A receiver counts as slow while more than this waits for it. Bytes, default 1 MiB. */
  readonly maxBufferedBytes?: number;
  /** How long a receiver that is waited for may take. Milliseconds, default 10 000. */
  readonly waitMs?: number;
}

const maxTimerMs = 2 ** 31 - 1;

/** @throws EndpointError unknown_option, invalid_option */
export function resolveBroadcastOptions(options: BroadcastOptions): Required<BroadcastOptions> {
  refuseUnknownNames(options, ['slow', 'maxBufferedBytes', 'waitMs'], 'a broadcast');
  const { slow = 'close', maxBufferedBytes = 1_048_576, waitMs = 10_000 } = options;
  if (slow !== 'close' && slow !== 'skip' && slow !== 'wait') {
    throw new EndpointError(
      'invalid_option',
      `a broadcast: slow is "close", "skip" or "wait", not ${JSON.stringify(slow)}`,
    );
  }
  checkWhole('maxBufferedBytes', maxBufferedBytes, 0, Number.MAX_SAFE_INTEGER);
  checkWhole('waitMs', waitMs, 1, maxTimerMs);
  return Object.freeze({ slow, maxBufferedBytes, waitMs });
}

function checkWhole(name: string, value: unknown, min: number, max: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  throw new EndpointError(
    'invalid_option',
    `a broadcast: ${name} is a whole number from ${min} to ${max}, not ${String(value)}`,
  );
}
