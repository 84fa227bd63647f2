// What is removed from logs: retention of a prefix, single entries, all that a user wrote, what has expired. Done in steps,
// which take turns with commits.

import type { UserId } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import type { RemovalReason } from '../channel/entry.js';

export type MaintenanceStep =
  /**
   * Everything up to `through` goes, with its keys once they are no longer promised; `base` is raised to it at once.
   * `after`: where to continue; undefined: at the beginning.
   */
  | {
      readonly kind: 'trim';
      readonly channel: Channel;
      readonly through: number;
      readonly after: number | undefined;
    }
  /** Entries of one channel. Those that are not there, or were removed before, are passed over. */
  | {
      readonly kind: 'remove';
      readonly channel: Channel;
      readonly offsets: readonly number[];
      readonly reason: RemovalReason;
    }
  /** All that a user wrote, in all channels, with its keys. `after`: where to continue; undefined: at the beginning. */
  | { readonly kind: 'erase'; readonly user: UserId; readonly after: ErasedThrough | undefined }
  /** Entries with an `expiresAt` of at most `now`. */
  | { readonly kind: 'expire'; readonly now: number };

/** How far an erasure is; its meaning is the engine's. */
export interface ErasedThrough {
  readonly channel: number;
  readonly offset: number;
}

/** `next`: to be given to the next call. */
export type MaintenanceProgress =
  | { readonly isDone: true }
  | { readonly isDone: false; readonly next: MaintenanceStep };

/** How long one step may take. */
export const MAINTENANCE_STEP_MS = 5;
