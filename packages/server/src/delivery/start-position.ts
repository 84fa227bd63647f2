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
  const lowest = status.dueFrom - 1;
  const stored = Math.max(status.cursor ?? lowest, lowest);
  const { given } = options;
  if (given !== undefined) {
    // A position above the head cannot be one of this life of the log, whatever its epoch says.
    if (given.epoch === status.epoch && given.offset <= status.head) {
      return { position: Math.max(given.offset, lowest), gap: undefined };
    }
    return { position: stored, gap: { from: stored + 1, to: stored, next: stored + 1, reason: 'epoch' } };
  }
  const { device, newDeviceBacklog } = options;
  const position = device === 'known' ? stored : Math.max(stored, status.head - newDeviceBacklog);
  const received = device === 'maybe-forgotten' ? lowest : stored;
  if (position === received) return { position, gap: undefined };
  return { position, gap: { from: received + 1, to: position, next: position + 1, reason: 'skipped' } };
}
