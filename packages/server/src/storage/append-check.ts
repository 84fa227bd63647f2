// What every engine demands of a batch before it looks at anything stored.

import type { DirectPair } from './channel-name.js';
import type { AppendRequest } from './message-log.js';

/** Entries one call of `append` may carry. */
export const MAX_BATCH_ENTRIES = 1_000;

/** @throws RangeError when the batch is empty or larger than {@link MAX_BATCH_ENTRIES} */
export function assertBatchSize(length: number): void {
  if (length < 1 || length > MAX_BATCH_ENTRIES) {
    throw new RangeError(`a batch has 1-${MAX_BATCH_ENTRIES} entries, this one has ${length}`);
  }
}

/**
 * The two users of the request's channel.
 * @throws TypeError for a channel no engine can store, or a sender outside it who was not refused
 */
export function pairOfRequest(request: Pick<AppendRequest, 'channel' | 'content' | 'isRefused'>): DirectPair {
  const { channel, content, isRefused } = request;
  if (channel.kind !== 'direct') throw new TypeError(`expected a direct channel, got ${channel.key}`);
  const { from } = content;
  if (!isRefused && from !== channel.low && from !== channel.high) {
    throw new TypeError(`${from} is not one of the two users of ${channel.key}`);
  }
  return [channel.low, channel.high];
}
