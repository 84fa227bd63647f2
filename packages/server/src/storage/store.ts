// Port: one storage engine, opened. What `server.ts` chooses by configuration and closes last.

import type { LaneNumbers } from '../channel/lane.js';
import type { ServerError } from '../errors.js';
import type { Cursors } from './cursors.js';
import type { Directory } from './directory.js';
import type { MessageLog } from './message-log.js';
import type { Preferences } from './preferences.js';
import type { Profiles } from './profiles.js';
import type { UserStates } from './user-states.js';

export interface HeldEngine {
  /** The method of the store. */
  readonly command: string;
  readonly ms: number;
}

export interface Store {
  readonly log: MessageLog;
  readonly directory: Directory;
  readonly cursors: Cursors;
  readonly userStates: UserStates;
  readonly preferences: Preferences;
  readonly profiles: Profiles;
  /** The newest rows when the store was opened. */
  readonly lanes: LaneNumbers;
  /** For the banner and the logs, e.g. `sqlite (node:sqlite) ./.longwire`. */
  readonly description: string;
  /**
   * Called at most once, when the engine no longer knows what is on disk (a failed commit or sync is never retried
   * on the same handle) or lost its folder to another server. The process must end; every pending call rejects.
   */
  onFatal: ((error: ServerError) => void) | undefined;
  /** Called with damage of single rows that was passed over, each time it is met: `corrupt`, naming the place. */
  onDamage: ((damage: ServerError) => void) | undefined;
  /** Called when one command held the engine for more than 50 ms, so that all others waited for it. */
  onHeld: ((held: HeldEngine) => void) | undefined;
  /** False while the last write failed for want of space; reads go on. */
  readonly isWritable: boolean;
  /** Waits for what was given, writes it, releases the folder. Idempotent. */
  close(): Promise<void>;
}
