// The users of this process: those who have sessions here, and those who are in a channel whose members are loaded.

import type { UserId } from '@longwire/protocol';

/** One user in loaded channels. All of them share the object, so that fan-out to a group looks no user up. */
export interface LocalUser<Readers> {
  readonly id: UserId;
  /** What reads for the user's sessions; undefined: the user has none here. */
  readers: Readers | undefined;
  /** Loaded channels that hold the object. */
  holders: number;
}

export class LocalUsers<Readers> {
  readonly #readers = new Map<UserId, Readers>();
  readonly #users = new Map<UserId, LocalUser<Readers>>();

  /** Users with a session. */
  get onlineCount(): number {
    return this.#readers.size;
  }

  readersOf(id: UserId): Readers | undefined {
    return this.#readers.get(id);
  }

  /** Of all users with a session. */
  get allReaders(): Iterable<Readers> {
    return this.#readers.values();
  }

  /** The user's first session is here. */
  arrive(id: UserId, readers: Readers): void {
    this.#readers.set(id, readers);
    const user = this.#users.get(id);
    if (user !== undefined) user.readers = readers;
  }

  /** The user's last session has ended. */
  depart(id: UserId): void {
    this.#readers.delete(id);
    const user = this.#users.get(id);
    if (user !== undefined) user.readers = undefined;
  }

  /** For one loaded channel, until `release`. */
  hold(id: UserId): LocalUser<Readers> {
    let user = this.#users.get(id);
    if (user === undefined) {
      user = { id, readers: this.#readers.get(id), holders: 0 };
      this.#users.set(id, user);
    }
    user.holders += 1;
    return user;
  }

  release(user: LocalUser<Readers>): void {
    user.holders -= 1;
    if (user.holders === 0) this.#users.delete(user.id);
  }
}
