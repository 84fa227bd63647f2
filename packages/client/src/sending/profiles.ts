// Names and pictures of users: those asked for in one turn are asked of the server together, and kept for a while.

import { fieldLimits, type ProfiledUser, type UserProfile } from '@longwire/protocol';
import { userIdsFrom } from '../arguments/user-ids.js';
import { ReportedPromise, type ReportedPromisePort } from './reported-promise.js';

/** Profiles that are kept; for another one, the oldest is dropped. */
const MAX_KNOWN = 1000;
/** After this time all are asked for anew. A new connection has the same effect. */
const KEPT_MS = 600_000;

interface Batch {
  readonly users: string[];
  readonly answer: Promise<readonly ProfiledUser[]>;
}

export class Profiles {
  readonly #ask: (users: readonly string[], group: string | undefined) => Promise<readonly ProfiledUser[]>;
  readonly #port: ReportedPromisePort;
  /** By group and user. */
  readonly #known = new Map<string, Promise<UserProfile>>();
  /** Of this turn, by group. */
  readonly #batches = new Map<string | undefined, Batch>();
  #keptUntil = 0;

  constructor(
    ask: (users: readonly string[], group: string | undefined) => Promise<readonly ProfiledUser[]>,
    port: ReportedPromisePort,
  ) {
    this.#ask = ask;
    this.#port = port;
  }

  /** @param group  in which the user is, or was; undefined: the direct channel with the user */
  find(user: string, group?: string): Promise<UserProfile> {
    return new ReportedPromise((resolve, reject) => {
      try {
        userIdsFrom([user]);
        this.#find(user, group).then(resolve, reject);
      } catch (error) {
        reject(error as never);
      }
    }, this.#port);
  }

  forget(): void {
    this.#known.clear();
  }

  #find(user: string, group: string | undefined): Promise<UserProfile> {
    const now = this.#port.clock.now();
    if (now > this.#keptUntil) {
      this.forget();
      this.#keptUntil = now + KEPT_MS;
    }
    // No id has a slash.
    const key = `${group ?? ''}/${user}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const batch = this.#batchOf(group);
    batch.users.push(user);
    const found = batch.answer.then((users) => {
      const { name, picture } = users.find((each) => each.user === user) ?? {};
      return { name, picture };
    });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < MAX_KNOWN) break;
      this.#known.delete(oldest);
    }
    this.#known.set(key, found);
    found.catch(() => this.#known.delete(key));
    return found;
  }

  #batchOf(group: string | undefined): Batch {
    const open = this.#batches.get(group);
    if (open !== undefined && open.users.length < fieldLimits.profileUsers) return open;
    const users: string[] = [];
    const answer = Promise.resolve().then(() => {
      this.#batches.delete(group);
      return this.#ask(users, group);
    });
    const batch = { users, answer };
    this.#batches.set(group, batch);
    return batch;
  }
}
