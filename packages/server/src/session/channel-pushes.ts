// `channel`: what changed of a channel for one user, outside its log, to the user's other sessions. A push has the state of
// the moment at which it is made, so that several changes may become one push, and the last one always has the newest state.

import type { UserId } from '@longwire/protocol';
import type { BusEvent, EventListener } from '../bus/bus.js';
import type { EntryOrigin } from '../bus/in-flight-appends.js';
import type { LaneListener } from '../bus/order-gate.js';
import type { Channel, ChannelKey } from '../channel/channel.js';
import type { LaneRow } from '../channel/lane.js';
import { CodecPushes } from '../delivery/encoded-push.js';
import type { RoomWaiter } from '../delivery/log-reader.js';
import type { ChannelList } from '../messaging/channel-list.js';
import { PairMap } from '../runtime/pair-map.js';
import type { ListedChannel } from '../storage/preferences.js';
import type { ActiveUsers } from './active-users.js';
import type { ClientSession } from './client-session.js';

export interface ChannelPushesParts {
  readonly users: Pick<ActiveUsers, 'sessionsOf'>;
  readonly channels: Pick<ChannelList, 'describe'>;
  /** A channel could not be read: its push is left out. */
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

export class ChannelPushes implements LaneListener, EventListener {
  readonly #parts: ChannelPushesParts;
  readonly #work = new PairMap<UserId, ChannelKey, Work>();
  /** Of sessions that are signing in, or have no room. */
  readonly #due = new Map<ClientSession, Map<ChannelKey, Channel>>();
  readonly #waiters = new WeakMap<ClientSession, RoomWaiter>();

  constructor(parts: ChannelPushesParts) {
    this.#parts = parts;
  }

  /** A block is shown to the user who blocks, and to no other user. */
  onRow({ channel, change }: LaneRow, origin: EntryOrigin | undefined): void {
    if (change === undefined || channel.kind !== 'direct') return;
    for (const { by } of change.blocks) this.push(by, channel, origin);
  }

  onEvent(event: BusEvent): void {
    if (event.type === 'channel') this.push(event.user, event.channel, event.origin);
  }

  /** @param origin  the session that made the change, which gets no push */
  push(user: UserId, channel: Channel, origin: EntryOrigin | undefined): void {
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

  async #run(user: UserId, channel: Channel, work: Work): Promise<void> {
    this.#work.set(user, channel.key, work);
    do {
      work.isDueAgain = false;
      const { origin } = work;
      const sessions = this.#parts.users.sessionsOf(user).filter((session) => session !== origin);
      await this.#pushTo(sessions, user, channel);
    } while (work.isDueAgain);
    this.#work.delete(user, channel.key);
  }

  async #pushTo(sessions: readonly ClientSession[], user: UserId, channel: Channel): Promise<void> {
    const ready = sessions.filter((session) => session.phase === 'ready');
    // What a sign-in has read of the channel may be older than the change.
    for (const session of sessions) if (session.phase !== 'ready') this.#remember(session, channel);
    if (ready.length === 0) return;
    let description: ListedChannel | undefined;
    try {
      const page = { channels: [{ channel, read: 0 }], isMore: false };
      [description] = (await this.#parts.channels.describe(user, page)).channels;
    } catch (error) {
      this.#parts.onFailure(error);
    }
    if (description === undefined) return;
    const described = description;
    const pushes = new CodecPushes((codec) => codec.channel(described, user));
    for (const session of ready) {
      if (!session.offer(pushes.in(session.codec), this.#waiterOf(session))) this.#remember(session, channel);
    }
  }

  #remember(session: ClientSession, channel: Channel): void {
    if (session.hasEnded) return;
    const due = this.#due.get(session) ?? new Map<ChannelKey, Channel>();
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
