// Pushes of a state that is outside the logs, to the sessions of one user. A push has the state of the moment at which it is
// made, so that several changes may become one push, and the last one always has the newest state.

import type { UserId } from '@longwire/protocol';
import type { EntryOrigin } from '../bus/in-flight-appends.js';
import type { Channel, ChannelKey } from '../channel/channel.js';
import type { CodecPushes } from '../delivery/encoded-push.js';
import type { RoomWaiter } from '../delivery/log-reader.js';
import { PairMap } from '../runtime/pair-map.js';
import type { ActiveUsers } from './active-users.js';
import type { ClientSession } from './client-session.js';

export interface StatePushesParts<Of extends Channel> {
  readonly users: Pick<ActiveUsers, 'sessionsOf'>;
  /** Reads the present state of a channel for a user. Undefined: there is nothing to push. */
  readonly read: (user: UserId, channel: Of) => Promise<CodecPushes | undefined>;
  /** A state could not be read: its push is left out. */
  readonly onFailure: (error: unknown) => void;
}

/** Changes of one channel for one user that are being read, and those that came meanwhile. */
interface Work {
  /** The session that made the changes; undefined: none, or several did. */
  origin: EntryOrigin | undefined;
  isDueAgain: boolean;
}

/** Channels whose pushes are due to one session; beyond it the next connect has them. */
const MAX_DUE = 1_000;

export class StatePushes<Of extends Channel> {
  readonly #parts: StatePushesParts<Of>;
  readonly #work = new PairMap<UserId, ChannelKey, Work>();
  /** Of sessions that are signing in, or have no room. */
  readonly #due = new Map<ClientSession, Map<ChannelKey, Of>>();
  readonly #waiters = new WeakMap<ClientSession, RoomWaiter>();

  constructor(parts: StatePushesParts<Of>) {
    this.#parts = parts;
  }

  /** @param origin  the session that made the change, which gets no push */
  push(user: UserId, channel: Of, origin: EntryOrigin | undefined): void {
    if (this.#parts.users.sessionsOf(user).every((session) => session === origin)) return;
    const work = this.#work.get(user, channel.key);
    if (work === undefined) {
      void this.#run(user, channel, { origin, isDueAgain: false });
      return;
    }
    work.origin = !work.isDueAgain || work.origin === origin ? origin : undefined;
    work.isDueAgain = true;
  }

  /** The session is ready, or has room again. */
  attend(session: ClientSession): void {
    const due = this.#due.get(session);
    this.#due.delete(session);
    for (const channel of due?.values() ?? []) void this.#pushTo([session], session.user, channel);
  }

  /** The session has ended. */
  end(session: ClientSession): void {
    this.#due.delete(session);
  }

  async #run(user: UserId, channel: Of, work: Work): Promise<void> {
    this.#work.set(user, channel.key, work);
    do {
      work.isDueAgain = false;
      const { origin } = work;
      const sessions = this.#parts.users.sessionsOf(user).filter((session) => session !== origin);
      await this.#pushTo(sessions, user, channel);
    } while (work.isDueAgain);
    this.#work.delete(user, channel.key);
  }

  async #pushTo(sessions: readonly ClientSession[], user: UserId, channel: Of): Promise<void> {
    const ready = sessions.filter((session) => session.phase === 'ready');
    // What a sign-in has read may be older than the change.
    for (const session of sessions) if (session.phase !== 'ready') this.#remember(session, channel);
    if (ready.length === 0) return;
    let pushes: CodecPushes | undefined;
    try {
      pushes = await this.#parts.read(user, channel);
    } catch (error) {
      this.#parts.onFailure(error);
    }
    if (pushes === undefined) return;
    for (const session of ready) {
      if (!session.offer(pushes.in(session.codec), this.#waiterOf(session))) this.#remember(session, channel);
    }
  }

  #remember(session: ClientSession, channel: Of): void {
    if (session.hasEnded) return;
    const due = this.#due.get(session) ?? new Map<ChannelKey, Of>();
    this.#due.set(session, due);
    if (due.size < MAX_DUE) due.set(channel.key, channel);
  }

  #waiterOf(session: ClientSession): RoomWaiter {
    const known = this.#waiters.get(session);
    if (known !== undefined) return known;
    const waiter: RoomWaiter = { onRoom: () => this.attend(session) };
    this.#waiters.set(session, waiter);
    return waiter;
  }
}
