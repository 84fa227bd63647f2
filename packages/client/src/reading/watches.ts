// The users whose presence the app watches: asked for anew on every connection, because the server forgets them with the old one.

import { fieldLimits, type PresenceState, type UserId } from '@longwire/protocol';
import { assertSignal, type WaitOptions } from '../arguments/abort-signal.js';
import { assertOptionNames } from '../arguments/option-names.js';
import { userIdsFrom } from '../arguments/user-ids.js';
import type { PresenceChange } from '../client-events.js';
import type { LongwireError } from '../errors.js';
import type { Queries } from '../sending/queries.js';

type PresenceQueries = Pick<Queries, 'presence' | 'unwatch'>;

export interface WatchesPort {
  onChange(change: PresenceChange): void;
  /** The watched users could not be asked for on a new connection. */
  onError(error: LongwireError): void;
}

export class Watches {
  readonly #queries: PresenceQueries;
  readonly #port: WatchesPort;
  /** The last known state; undefined: the first answer has not come yet. */
  readonly #states = new Map<string, PresenceState | undefined>();

  constructor(queries: PresenceQueries, port: WatchesPort) {
    this.#queries = queries;
    this.#port = port;
  }

  async look(users: Iterable<string>, options: WaitOptions): Promise<ReadonlyMap<string, PresenceState>> {
    return this.#ask('presence', usersFrom(users, options), options);
  }

  async watch(users: Iterable<string>, options: WaitOptions): Promise<ReadonlyMap<string, PresenceState>> {
    const ids = usersFrom(users, options);
    const added = ids.filter((user) => !this.#states.has(user));
    for (const user of added) this.#states.set(user, undefined);
    try {
      const states = await this.#ask('watch', ids, options);
      for (const [user, state] of states) if (this.#states.has(user)) this.#states.set(user, state);
      return states;
    } catch (error) {
      // Some may be watched on the server: their pushes are dropped, and the next connection does not have them.
      for (const user of added) this.#states.delete(user);
      throw error;
    }
  }

  async unwatch(users: Iterable<string>, options: WaitOptions): Promise<void> {
    const ids = usersFrom(users, options);
    for (const user of ids) this.#states.delete(user);
    for (const part of partsOf(ids)) await this.#queries.unwatch(part, options.signal);
  }

  take(change: PresenceChange): void {
    const { user, ...state } = change;
    if (!this.#states.has(user)) return;
    this.#states.set(user, state);
    this.#port.onChange(change);
  }

  /** Asks for those of whom a state is known. The others are still being asked for. */
  onConnected(): void {
    const known = [...this.#states].flatMap(([user, state]) => (state === undefined ? [] : [user]));
    if (known.length === 0) return;
    this.#ask('watch', known, {}).then(
      (states) => {
        for (const [user, state] of states) {
          const before = this.#states.get(user);
          // It was a user id when it was asked for.
          if (before !== undefined && !isSame(before, state)) this.take({ user: user as UserId, ...state });
        }
      },
      (error: LongwireError) => {
        // The end of the client is reported elsewhere.
        if (error.code !== 'closed' && error.code !== 'stopped') this.#port.onError(error);
      },
    );
  }

  async #ask(
    type: 'presence' | 'watch',
    users: readonly string[],
    { signal }: WaitOptions,
  ): Promise<ReadonlyMap<string, PresenceState>> {
    const states = new Map<string, PresenceState>();
    for (const part of partsOf(users)) {
      const answer = await this.#queries.presence(type, part, signal);
      for (const [user, state] of Object.entries(answer)) states.set(user, state);
    }
    return states;
  }
}

/** @throws LongwireError `invalid_field` */
function usersFrom(users: Iterable<string>, options: WaitOptions): readonly string[] {
  assertOptionNames(options, ['signal']);
  assertSignal(options.signal);
  return userIdsFrom(users);
}

function partsOf(users: readonly string[]): readonly (readonly string[])[] {
  const parts: (readonly string[])[] = [];
  for (let start = 0; start < users.length; start += fieldLimits.presenceUsers) {
    parts.push(users.slice(start, start + fieldLimits.presenceUsers));
  }
  return parts;
}

function isSame(a: PresenceState, b: PresenceState): boolean {
  return (['online', 'lastSeenAt', 'name', 'picture'] as const).every((field) => a[field] === b[field]);
}
