// The rule of `mute`, `archive` and `hide`: what a user wants of a channel, for themselves alone.

import type { ErrorCode, UserId } from '@longwire/protocol';
import type { Bus } from '../bus/bus.js';
import type { EntryOrigin } from '../bus/in-flight-appends.js';
import type { Channel, ChannelKey } from '../channel/channel.js';
import { ServerError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import { GenerationCache } from '../runtime/generation-cache.js';
import type { RefusalCounter } from '../runtime/refusal-counter.js';
import type { ChannelStatus, Directory } from '../storage/directory.js';
import { FOREVER, isPlain, type ListedChannel, type Preference, type Preferences } from '../storage/preferences.js';
import type { StoreTurns } from './store-turns.js';

/** `mutedUntil`: as in {@link Preference}. */
export type PreferenceChange =
  | { readonly mutedUntil: number }
  | { readonly isArchived: boolean }
  | { readonly isHidden: boolean };

export interface PreferenceRequest {
  readonly user: UserId;
  readonly channel: Channel;
  readonly change: PreferenceChange;
  /** The session that asks. */
  readonly session: EntryOrigin | undefined;
}

export type PreferenceOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

export interface ChannelPreferencesParts {
  readonly store: { readonly preferences: Preferences; readonly directory: Pick<Directory, 'describe'> };
  readonly turns: StoreTurns;
  readonly bus: Pick<Bus, 'signal'>;
  readonly clock: Clock;
  readonly refusals: RefusalCounter;
}

/** All that one user wants of their channels. */
export type UserPreferences = ReadonlyMap<ChannelKey, Preference>;

/** Users remembered, at least. */
const CACHED_USERS = 8_192;
const NONE: UserPreferences = new Map();
const PLAIN = { mutedUntil: 0, isArchived: false, hiddenThrough: 0 };
const DONE: PreferenceOutcome = Object.freeze({ ok: true });

export class ChannelPreferences {
  readonly #parts: ChannelPreferencesParts;
  readonly #maxPerUser: number;
  readonly #known = new GenerationCache<UserId, UserPreferences>(CACHED_USERS);
  /** The newest request of each user that is not settled. */
  readonly #last = new Map<UserId, Promise<unknown>>();

  /** @param maxPerUser  `limits.preferencesPerUser` */
  constructor(parts: ChannelPreferencesParts, maxPerUser: number) {
    this.#parts = parts;
    this.#maxPerUser = maxPerUser;
  }

  /** @throws (rejects) what the store rejects with */
  async of(user: UserId): Promise<UserPreferences> {
    const known = this.#known.get(user);
    if (known !== undefined) return known;
    const { store, turns } = this.#parts;
    const [stored] = await turns.run(user, () => store.preferences.load([user]));
    // What was changed meanwhile is newer.
    const changed = this.#known.get(user);
    if (changed !== undefined) return changed;
    const loaded = stored!.length === 0 ? NONE : new Map(stored!.map((each) => [each.channel.key, each]));
    this.#known.set(user, loaded);
    return loaded;
  }

  /** Whether a channel is left out of the user's list. */
  isHidden(preferences: UserPreferences, { channel, head }: Pick<ChannelStatus, 'channel' | 'head'>): boolean {
    const { hiddenThrough } = preferences.get(channel.key) ?? PLAIN;
    return hiddenThrough > 0 && head <= hiddenThrough;
  }

  /** What a user sees of the preference for a channel. */
  shown(
    preferences: UserPreferences,
    channel: Pick<ChannelStatus, 'channel' | 'head'>,
  ): Pick<ListedChannel, 'muted' | 'isArchived' | 'isHidden'> {
    const { mutedUntil, isArchived } = preferences.get(channel.channel.key) ?? PLAIN;
    const isMuted = mutedUntil > this.#parts.clock.now();
    const muted = isMuted ? (mutedUntil === FOREVER ? true : mutedUntil) : undefined;
    return { muted, isArchived, isHidden: this.isHidden(preferences, channel) };
  }

  /**
   * One request of a user after the other. Resolves when it is stored; what is so already is left as it is.
   * @throws (rejects) what the store rejects with
   */
  set(request: PreferenceRequest): Promise<PreferenceOutcome> {
    const { user } = request;
    const before = this.#last.get(user) ?? Promise.resolve();
    const outcome = before.then(() => this.#set(request));
    const settled = outcome.catch(() => undefined);
    this.#last.set(user, settled);
    void settled.then(() => {
      if (this.#last.get(user) === settled) this.#last.delete(user);
    });
    return outcome;
  }

  async #set({ user, channel, change, session }: PreferenceRequest): Promise<PreferenceOutcome> {
    const { store, turns, bus, refusals } = this.#parts;
    const [described] = await turns.run(user, () => store.directory.describe(user, [{ channel, read: 0 }], 0));
    if (described === undefined) {
      const message = 'channel: expected one of the channels of this user, got another one';
      return { ok: false, code: 'invalid_field', message };
    }
    const preferences = await this.of(user);
    const present = preferences.get(channel.key) ?? { channel, ...PLAIN };
    const next = changed(present, change, described.head);
    if (isSame(present, next)) return DONE;
    const all = new Map(preferences);
    if (isPlain(next)) all.delete(channel.key);
    else all.set(channel.key, next);
    const dropped = all.size > this.#maxPerUser ? this.#dropOver(all) : [];
    if (all.size > this.#maxPerUser) {
      refusals.count('limits.preferencesPerUser');
      const message = `as many channels as allowed (${this.#maxPerUser}) are muted, archived or hidden; end it for others first`;
      return { ok: false, code: 'quota_exceeded', message };
    }
    const batch = [...dropped, next].map((preference) => ({ user, ...preference }));
    await turns.run(user, () => store.preferences.write(batch));
    this.#known.set(user, all);
    bus.signal({ type: 'channel', channel, user, origin: session });
    return DONE;
  }

  /** Takes out mutes that are over and were all there was: at most as many as one call writes beside another. */
  #dropOver(all: Map<ChannelKey, Preference>): Preference[] {
    const now = this.#parts.clock.now();
    const over = [...all.values()].filter((each) => each.mutedUntil <= now && isPlain({ ...each, mutedUntil: 0 }));
    const dropped = over.slice(0, MAX_DROPPED);
    for (const { channel } of dropped) all.delete(channel.key);
    return dropped.map(({ channel }) => ({ channel, ...PLAIN }));
  }
}

const MAX_DROPPED = 50;

function changed(present: Preference, change: PreferenceChange, head: number): Preference {
  if ('mutedUntil' in change) return { ...present, mutedUntil: change.mutedUntil };
  if ('isArchived' in change) return { ...present, isArchived: change.isArchived };
  return { ...present, hiddenThrough: change.isHidden ? head : 0 };
}

function isSame(a: Preference, b: Preference): boolean {
  return a.mutedUntil === b.mutedUntil && a.isArchived === b.isArchived && a.hiddenThrough === b.hiddenThrough;
}

/** Whether a rejection of `set` says that nothing was stored for want of room. */
export function isFull(error: unknown): boolean {
  return error instanceof ServerError && error.code === 'storage_full';
}
