// What every engine demands of a call before it looks at anything stored.

import type { Channel } from '../channel/channel.js';
import { isEntryKind, messageKind } from '../channel/entry.js';
import { MAX_MEMBER_CHANGES, MAX_SETTINGS_BYTES, type RightsChange } from '../channel/membership.js';
import { type AppendRequest, MAX_PAGES } from './message-log.js';

/** Entries one call of `append` may carry. */
export const MAX_BATCH_ENTRIES = 1_000;

/** @throws RangeError when there is none, or more than {@link MAX_PAGES} */
export function assertPageCount(count: number): void {
  if (count < 1 || count > MAX_PAGES) throw new RangeError(`a call is for 1-${MAX_PAGES} pages, this one for ${count}`);
}

/** @throws RangeError when the batch is empty or larger than {@link MAX_BATCH_ENTRIES} */
export function assertBatchSize(length: number): void {
  if (length < 1 || length > MAX_BATCH_ENTRIES) {
    throw new RangeError(`a batch has 1-${MAX_BATCH_ENTRIES} entries, this one has ${length}`);
  }
}

/** @throws TypeError for what no engine can store */
export function assertStorable(request: AppendRequest): void {
  const { channel, content, guard, change } = request;
  if (channel.kind === 'topic') throw impossible(channel, 'expected a channel with a stored log');
  if (content === undefined) {
    if (change === undefined) throw impossible(channel, 'expected a content, a change, or both');
  } else {
    const { kind, from, by } = content;
    if (kind !== messageKind && !isEntryKind(kind))
      throw impossible(channel, `expected a kind of 1-32 of [a-z0-9._-], got ${kind}`);
    if (from !== undefined && by !== undefined) throw impossible(channel, 'expected from or by, got both');
    const isOutsider = channel.kind === 'direct' && from !== channel.low && from !== channel.high;
    if (isOutsider && from !== undefined && !guard.isRefused)
      throw impossible(channel, `${from} is not one of the two users`);
  }
  if (change !== undefined) assertChange(request, change);
}

function assertChange(
  { channel, content, guard }: AppendRequest,
  { members, pending, settings, blocks }: RightsChange,
): void {
  if (guard.rightsVersion === 'any') throw impossible(channel, 'a change depends on a version of the rights, got any');
  if (members.length > MAX_MEMBER_CHANGES)
    throw impossible(channel, `expected at most ${MAX_MEMBER_CHANGES} changes of members`);
  if (pending.length > MAX_MEMBER_CHANGES)
    throw impossible(channel, `expected at most ${MAX_MEMBER_CHANGES} changes of pending users`);
  if (pending.length > 0 && channel.kind !== 'group') throw impossible(channel, 'only groups have pending users');
  if (members.length > 0 && channel.kind !== 'group') throw impossible(channel, 'only groups have members that change');
  if (members.length > 0 && content === undefined) throw impossible(channel, 'a change of members is part of an entry');
  if (settings !== undefined && Buffer.byteLength(settings) > MAX_SETTINGS_BYTES) {
    throw impossible(channel, `expected settings of at most ${MAX_SETTINGS_BYTES} bytes`);
  }
  for (const { by } of blocks) {
    const isMember = channel.kind === 'direct' && (by === channel.low || by === channel.high);
    if (!isMember) throw impossible(channel, `${by} is not one of the two users of a direct channel`);
  }
}

function impossible({ key }: Channel, message: string): TypeError {
  return new TypeError(`${message} (an append to ${key})`);
}
