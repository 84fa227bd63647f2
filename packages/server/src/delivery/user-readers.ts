// The sessions of one user as readers of logs. All of them see an entry the same way, so that what is new in one turn of the
// event loop can be one buffer for all that are at the tail.

import type { UserId } from '@longwire/protocol';
import { TurnBuffer } from '@longwire/websocket';
import type { Codec } from './codec.js';
import type { EntryPushes } from './encoded-push.js';
import type { LogReader, Recipient } from './log-reader.js';

/** The memory for unsent output of all sessions. */
export interface SharedRoom {
  /** What all sessions together may still queue. */
  readonly freeBytes: number;
  /** Several sessions have queued so many bytes, all of them together. */
  noteShared(bytes: number): void;
}

/** The reader does not get the entry, and is not behind in its channel yet. */
export type OnMissed = (reader: LogReader, pushes: EntryPushes) => void;

interface Sharing {
  /** That of most readers. The others are written to one by one. */
  readonly codec: Codec;
  readonly turn: TurnBuffer<LogReader>;
  /** Readers that do not get every new entry: opening, or behind in a channel. */
  readonly partial: Set<LogReader>;
}

export class UserReaders {
  readonly user: UserId;
  readonly #onMissed: OnMissed;
  readonly #room: SharedRoom;
  readonly #shareFrom: number;
  readonly #readers = new Map<Recipient, LogReader>();
  /** Only users with many sessions have one. */
  #sharing: Sharing | undefined;

  /** @param shareFrom so many readers share what is new in a turn; for fewer it is queued one by one */
  constructor(user: UserId, onMissed: OnMissed, room: SharedRoom, shareFrom: number) {
    this.user = user;
    this.#onMissed = onMissed;
    this.#room = room;
    this.#shareFrom = shareFrom;
  }

  get size(): number {
    return this.#readers.size;
  }

  [Symbol.iterator](): Iterator<LogReader> {
    return this.#readers.values();
  }

  add(reader: LogReader): void {
    this.#readers.set(reader.recipient, reader);
    this.noteMoved(reader);
    if (this.#sharing?.turn.isOpen === true) this.#sharing.turn.apart.add(reader);
  }

  delete(reader: LogReader): void {
    this.#readers.delete(reader.recipient);
    if (this.#sharing === undefined) return;
    const { turn, partial } = this.#sharing;
    partial.delete(reader);
    reader.recipient.unfollow(turn);
    turn.apart.delete(reader);
  }

  /** A reader has begun or ceased to be at the tail of every channel. */
  noteMoved(reader: LogReader): void {
    if (this.#sharing === undefined || reader.phase === 'left') return;
    if (reader.isAtEveryTail) this.#sharing.partial.delete(reader);
    else this.#sharing.partial.add(reader);
  }

  /**
   * Queues an entry for every reader at the tail of its channel.
   * @param answered a session that gets `sent` in the place of the entry
   */
  deliver(pushes: EntryPushes, answered: object | undefined): void {
    if (this.#readers.size >= this.#shareFrom) this.#share(pushes, answered);
    else for (const reader of this.#readers.values()) this.#offer(reader, pushes, answered);
  }

  #offer(reader: LogReader, pushes: EntryPushes, answered: object | undefined): void {
    if (isExcepted(reader, pushes, answered)) {
      if (reader.phase === 'opening' && !reader.behind.has(pushes.entry.channel.key)) this.#onMissed(reader, pushes);
    } else if (!reader.offer(pushes.for(reader.recipient))) {
      this.#onMissed(reader, pushes);
    }
  }

  /** Does what `#offer` does for each reader, and after the first entry of a turn only looks at those that do not follow. */
  #share(pushes: EntryPushes, answered: object | undefined): void {
    this.#sharing ??= this.#beginSharing();
    const { turn, codec } = this.#sharing;
    const push = pushes.for({ user: this.user, codec }).prepared;
    const isFirst = !turn.isOpen;
    if (isFirst) turn.open();
    else this.#endFollowing(this.#sharing, pushes, answered, push.byteLength);
    const others: LogReader[] = [];
    for (const reader of isFirst ? this.#readers.values() : turn.apart) {
      const mayFollow = reader.recipient.codec === codec && !isExcepted(reader, pushes, answered);
      if (mayFollow && reader.follow(turn, push.byteLength)) {
        if (!isFirst) turn.apart.delete(reader);
      } else {
        turn.apart.add(reader);
        others.push(reader);
      }
    }
    turn.append(push);
    this.#room.noteShared(push.byteLength * turn.followers);
    for (const reader of others) this.#offer(reader, pushes, answered);
  }

  #beginSharing(): Sharing {
    const readers = [...this.#readers.values()];
    const partial = readers.filter((reader) => !reader.isAtEveryTail);
    const codec = mostFrequent(readers.map(({ recipient }) => recipient.codec));
    return { codec, turn: new TurnBuffer(), partial: new Set(partial) };
  }

  /** Those that follow, but must not get this entry or may have no room for it, stop following. */
  #endFollowing(
    { turn, partial }: Sharing,
    pushes: EntryPushes,
    answered: object | undefined,
    pushBytes: number,
  ): void {
    for (const reader of partial) {
      if (isExcepted(reader, pushes, answered)) reader.recipient.unfollow(turn);
    }
    if (answered !== undefined) this.#readers.get(answered as Recipient)?.recipient.unfollow(turn);
    if (turn.hasRoomFor(pushBytes) && pushBytes * turn.followers <= this.#room.freeBytes) return;
    turn.resetRoom();
    for (const reader of this.#readers.values()) {
      if (!turn.apart.has(reader) && !reader.follow(turn, pushBytes)) turn.apart.add(reader);
    }
  }
}

/** Whether the reader gets the entry another way: from the log, or as `sent`. */
function isExcepted(reader: LogReader, pushes: EntryPushes, answered: object | undefined): boolean {
  return reader.recipient === answered || reader.phase !== 'open' || reader.behind.has(pushes.entry.channel.key);
}

/** @param values  at least one */
function mostFrequent<Value>(values: readonly Value[]): Value {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}
