// Readers behind the tail: pages from the log, round robin over the readers, until each may join the tail.

import { Queue } from '@longwire/websocket';
import type { Channel } from '../channel/channel.js';
import { isGap } from '../channel/log-item.js';
import { isCorrupt } from '../errors.js';
import type { Page, PageRequest } from '../storage/message-log.js';
import type { ChannelTail } from './channel-tail.js';
import { EncodedPush, EntryPushes, GapPushes } from './encoded-push.js';
import { EntryBatches } from './entry-batches.js';
import type { BehindState, LogReader } from './log-reader.js';
import type { PageSource } from './page-source.js';

export interface CatchUpEvents {
  /** The reader has everything up to the head, or all that its user gets: it is no longer behind in the channel. */
  onJoin(reader: LogReader, channel: Channel): void;
  /** A page could not be read. The reader stays where it is, unless the log is damaged there. */
  onPageError(error: unknown, channel: Channel): void;
}

export const PAGE_ENTRIES = 200;
export const PAGE_BYTES = 256 * 1024;
/** Pages being read at once, over all sessions. */
const MAX_PAGES_IN_FLIGHT = 16;

/** One read, shared by every reader that waits at the same place of the same channel. */
interface PageRead {
  readonly channel: Channel;
  readonly after: number;
  readonly waiting: WaitingReader[];
}

/** The tail keeps what arrives while its reader waits. */
interface WaitingReader {
  readonly reader: LogReader;
  readonly tail: ChannelTail;
}

export class CatchUp {
  readonly #source: PageSource;
  readonly #events: CatchUpEvents;
  /** Readers that have room and something to read, in the order of their turns: all at once, when many come back together. */
  readonly #waiting = new Queue<LogReader>();
  readonly #reads = new Map<string, PageRead>();
  #isServing = false;

  constructor(source: PageSource, events: CatchUpEvents) {
    this.#source = source;
    this.#events = events;
  }

  /** Gives the reader a turn, unless it has one coming, or waits for room: then it is served once it has some. */
  serve(reader: LogReader): void {
    if (reader.isBeingServed || reader.phase !== 'open' || reader.isWaitingForRoom || reader.behind.size === 0) return;
    reader.isBeingServed = true;
    this.#waiting.push(reader);
    this.#serveNext();
  }

  #serveNext(): void {
    // A turn may queue so much that an outbox ends its session, which calls back here.
    if (this.#isServing) return;
    this.#isServing = true;
    while (this.#reads.size < MAX_PAGES_IN_FLIGHT) {
      const reader = this.#waiting.shift();
      if (reader === undefined) break;
      this.#turn(reader);
    }
    this.#isServing = false;
  }

  /** Everything that needs no log read, then as much as one page has, of one channel or of several. */
  #turn(reader: LogReader): void {
    const unread: BehindState[] = [];
    const most = this.#channelsPerTurn();
    let missing = 0;
    for (const state of reader.behind.values()) {
      if (reader.phase !== 'open' || reader.isWaitingForRoom) break;
      if (!this.#queueGap(reader, state)) break;
      if (isAtEnd(state)) {
        this.#events.onJoin(reader, state.tail.channel);
        continue;
      }
      const recent = state.tail.since(state.position);
      if (recent === undefined) {
        missing += state.tail.head - state.position;
        // One that is far behind has a turn of its own: small pages of it would cost more.
        if (unread.length > 0 && missing > PAGE_ENTRIES) break;
        unread.push(state);
        if (unread.length === most || missing >= PAGE_ENTRIES) break;
        continue;
      }
      if (!this.#queueAll(reader, state, new EntryBatches(recent))) break;
      this.#events.onJoin(reader, state.tail.channel);
    }
    if (reader.phase === 'open' && !reader.isWaitingForRoom) {
      for (const state of unread) this.#read(reader, state, unread.length);
    }
    reader.isBeingServed = reader.pagesInFlight > 0;
  }

  /** A reader alone may read many channels at a time, so that it waits once for them; with others it has its share. */
  #channelsPerTurn(): number {
    const free = MAX_PAGES_IN_FLIGHT - this.#reads.size;
    return Math.max(1, Math.floor(free / (this.#waiting.length + 1)));
  }

  /** @param count of the channels that are read in this turn */
  #read(reader: LogReader, { tail, position: after }: BehindState, count: number): void {
    reader.pagesInFlight += 1;
    tail.pin();
    const { channel } = tail;
    const id = `${after} ${channel.key}`;
    const shared = this.#reads.get(id);
    if (shared !== undefined) {
      shared.waiting.push({ reader, tail });
      return;
    }
    const read: PageRead = { channel, after, waiting: [{ reader, tail }] };
    this.#reads.set(id, read);
    const request: PageRequest = {
      channel,
      direction: 'after',
      offset: after,
      limit: PAGE_ENTRIES,
      maxBytes: Math.ceil(PAGE_BYTES / count),
    };
    this.#source.page(request).then(
      (page) => this.#settle(id, read, (readers) => this.#deliverPage(readers, read, page)),
      (error) => {
        this.#events.onPageError(error, channel);
        this.#settle(id, read, (readers) => this.#skipUnreadable(readers, read, error));
      },
    );
  }

  #settle(id: string, read: PageRead, deal: (readers: readonly LogReader[]) => void): void {
    this.#reads.delete(id);
    const readers = read.waiting.map(({ reader }) => reader);
    deal(readers.filter((reader) => reader.behind.get(read.channel.key)?.position === read.after));
    for (const { reader, tail } of read.waiting) {
      tail.unpin();
      reader.pagesInFlight -= 1;
      if (reader.pagesInFlight > 0) continue;
      reader.isBeingServed = false;
      // Back to the end of the queue: a reader far behind does not delay the others.
      this.serve(reader);
    }
    this.#serveNext();
  }

  #deliverPage(readers: readonly LogReader[], read: PageRead, page: Page): void {
    const items = new EntryBatches(pushesOf(page));
    for (const reader of readers) {
      const state = reader.behind.get(read.channel.key);
      if (state === undefined) continue;
      if (!this.#queueAll(reader, state, items)) continue;
      // What arrived while the page was read: the tail of a busy channel is joined here, or it would have moved on again.
      const recent = isAtEnd(state) ? [] : state.tail.since(state.position);
      if (recent === undefined || !this.#queueAll(reader, state, new EntryBatches(recent))) continue;
      this.#events.onJoin(reader, read.channel);
    }
  }

  /** Where nothing of the channel can be read, there is a gap up to its head: another attempt would give the same. */
  #skipUnreadable(readers: readonly LogReader[], read: PageRead, error: unknown): void {
    if (!isCorrupt(error)) return;
    const from = read.after + 1;
    for (const reader of readers) {
      const state = reader.behind.get(read.channel.key);
      if (state === undefined) continue;
      const to = Math.max(lastOffsetOf(state), from);
      state.position = to;
      state.gap = { from, to, next: to + 1, reason: 'unreadable' };
    }
  }

  /** @returns false if the outbox filled up; the position then says how far it went. */
  #queueAll(reader: LogReader, state: BehindState, entries: EntryBatches): boolean {
    const { recipient } = reader;
    for (;;) {
      const { position } = state;
      const last = lastOffsetOf(state);
      const batch = recipient.takesBatches
        ? entries.several(recipient, position, last)
        : entries.one(recipient, position, last);
      if (batch === undefined) return true;
      if (!reader.offer(batch.push)) return false;
      state.position = batch.to;
      if (reader.phase !== 'open') return false;
    }
  }

  #queueGap(reader: LogReader, state: BehindState): boolean {
    if (state.gap === undefined) return true;
    const { channel, epoch } = state.tail;
    const { codec, user } = reader.recipient;
    const push = new EncodedPush(codec.gap({ ...state.gap, epoch }, channel, user));
    if (!reader.offer(push)) return false;
    state.gap = undefined;
    return true;
  }
}

/** A channel without an epoch has no items. */
function pushesOf({ channel, epoch, items }: Page): (EntryPushes | GapPushes)[] {
  return items.map((item) => (isGap(item) ? new GapPushes(item, channel, epoch!) : new EntryPushes(item)));
}

/** What the reader gets at most now: what was fanned out, and nothing above the offset by which its user left. */
function lastOffsetOf({ tail, end }: BehindState): number {
  return end === undefined ? tail.head : Math.min(tail.head, end);
}

function isAtEnd({ position, end }: BehindState): boolean {
  return end !== undefined && position >= end;
}
