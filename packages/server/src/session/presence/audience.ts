// Who watches whom, what decides whether they see them, and what was pushed last.

import type { PresenceState, UserId, UserProfile } from '@longwire/protocol';
import { NO_PROFILE, type ProfileChange } from '../../channel/profile.js';
import type { RoomWaiter } from '../../delivery/log-reader.js';
import type { ClientSession } from '../client-session.js';
import type { PairBlocks } from './pair-blocks.js';
import type { GroupPair } from './shared-groups.js';

/** What one user sees of another: online, when they were last seen, or nothing. */
export type Seen = 'online' | number | undefined;

/** All that one user sees of another. */
export interface View {
  readonly seen: Seen;
  readonly profile: UserProfile;
}

export const NOTHING: View = Object.freeze({ seen: undefined, profile: NO_PROFILE });

/** A user who is watched. */
export interface Subject {
  readonly user: UserId;
  lastSeenAt: number | undefined;
  isShown: boolean;
  profile: UserProfile;
  /** All changes of it since the user is watched: what was read may be older. */
  profileChanges: ProfileChange;
  /** By watching user. */
  readonly audiences: Map<UserId, Audience>;
}

/** One user who watches another, on some sessions. */
export interface Audience extends GroupPair {
  readonly subject: Subject;
  readonly viewer: Viewer;
  /** The subject has written to the viewer. */
  hasWritten: boolean;
  readonly blocks: PairBlocks;
  readonly watchers: Set<Watcher>;
}

/** A user who watches. */
export interface Viewer {
  readonly user: UserId;
  isShown: boolean;
  readonly audiences: Set<Audience>;
}

/** A session that watches. */
export interface Watcher extends RoomWaiter {
  readonly session: ClientSession;
  /** What was pushed to it last; `unknown`: what its client believes, who may have watched the user before. */
  readonly pushed: Map<Audience, View | 'unknown'>;
  isWaitingForRoom: boolean;
}

export function stateOf({ seen, profile: { name, picture } }: View): PresenceState {
  return { online: seen === 'online', lastSeenAt: typeof seen === 'number' ? seen : undefined, name, picture };
}

export function isSame(pushed: View | 'unknown' | undefined, view: View): boolean {
  if (typeof pushed !== 'object' || pushed.seen !== view.seen) return false;
  return pushed.profile.name === view.profile.name && pushed.profile.picture === view.profile.picture;
}

export function latest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}
