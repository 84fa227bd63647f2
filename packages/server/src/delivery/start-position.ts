// Where a session begins to read a channel: the device's cursor, what the client says it has, and what is skipped.

import type { Position } from '@longwire/protocol';
import type { ChannelStatus, DeviceState } from '../storage/directory.js';
import type { PendingGap } from './log-reader.js';

export interface StartOptions {
  /** What the client gave in `connect` for this channel. */
  readonly given: Position | undefined;
  /**
   * If it is not known, it gets only the newest part of a long backlog. If it may have been here before, a gap from the first
   * entry on says what it does not get.
   */
  readonly device: DeviceState;
  readonly newDeviceBacklog: number;
}

export interface StartPosition {
  /** Everything up to here is not delivered. */
  readonly position: number;
  readonly gap: PendingGap | undefined;
}

export function startPosition(status: ChannelStatus, options: StartOptions): StartPosition {
  const { epoch, head, dueFrom, left, cursor } = status;
  const lowest = dueFrom - 1;
  const stored = Math.max(cursor ?? lowest, lowest);
  const { given } = options;
  if (given !== undefined) {
    // A position above the head cannot be one of this life of the log, whatever its epoch says.
    if (given.epoch === epoch && given.offset <= head) return startAfter(given.offset, Math.max(given.offset, lowest));
    return { position: stored, gap: { from: stored + 1, to: stored, next: stored + 1, reason: 'epoch' } };
  }
  const { device, newDeviceBacklog } = options;
  const end = Math.min(head, left ?? head);
  const position = device === 'known' ? stored : Math.max(stored, end - newDeviceBacklog);
  // A device may have an earlier stay of its user, and one that was forgotten anything.
  return startAfter(device === 'maybe-forgotten' ? 0 : (cursor ?? lowest), position);
}

/** The client may have everything up to `received`. */
function startAfter(received: number, position: number): StartPosition {
  if (position <= received) return { position, gap: undefined };
  return { position, gap: { from: received + 1, to: position, next: position + 1, reason: 'skipped' } };
}
