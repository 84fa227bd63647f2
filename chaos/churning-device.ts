// A device that signs in and out while messages arrive, acknowledges what it read, and checks where each session begins to read.

import type { SeededRandom } from '@longwire/test-support/seeded-random';
import { until } from '@longwire/test-support/until';
import type { WireMessage } from '@longwire/test-support/wire-client';
import type { Ledger, Position } from './ledger.js';
import { pass } from './repeating-sender.js';
import type { WireSession, WireSessions } from './wire-sessions.js';

/** Channels of one `connect` or `ack`. */
const MAX_CURSORS = 500;
const CATCH_UP_MS = 60_000;

/** What was acknowledged in one channel. */
interface Acknowledged {
  /** Up to here the server may have it: an `ack` was sent, in this life of the device or in one before. */
  sent: number;
  /** Up to here it answered `ok`, before so many crashes. */
  answered: number;
  crashes: number;
}

export class ChurningDevice {
  readonly user: string;
  readonly name: string;
  /** Times that `connected` said that the device was new although it had been there. */
  timesForgotten = 0;
  signIns = 0;
  readonly #sessions: WireSessions;
  readonly #ledger: Ledger;
  readonly #writesIn: (channel: string) => boolean;
  /** Channel → newest position handed to the app; survives the sessions. */
  readonly #positions = new Map<string, Position>();
  readonly #acknowledged = new Map<string, Acknowledged>();
  /** Channels of which it is known where the server began the device. */
  readonly #begun = new Set<string>();
  #restores = 0;
  /** Channel → the offset that must come next in this session. */
  #next = new Map<string, number>();
  #given: Readonly<Record<string, Position>> = {};
  #isNew = true;

  /** @param writesIn whether the user writes in a channel */
  constructor(
    user: string,
    name: string,
    sessions: WireSessions,
    ledger: Ledger,
    writesIn: (channel: string) => boolean,
  ) {
    this.#writesIn = writesIn;
    this.user = user;
    this.name = name;
    this.#sessions = sessions;
    this.#ledger = ledger;
  }

  /** One session: it reads for so long, or until the server ends it; it acknowledges, and closes or breaks off. */
  async visit(ms: number, random: SeededRandom): Promise<void> {
    const session = await this.#signIn(random.below(2) === 0);
    if (session === undefined) return pass(20);
    const until = performance.now() + ms;
    while (session.isOpen && performance.now() < until) {
      await Promise.race([session.ended, pass(random.below(1 + Math.min(150, ms)))]);
      if (random.below(3) > 0) await this.#acknowledge(session);
    }
    if (random.below(2) === 0) session.cut();
    else await session.close();
    await session.ended;
  }

  /** A session that reads until every channel has been read up to its head; false if it ended before, or nothing comes. */
  async catchUp(heads: ReadonlyMap<string, number>): Promise<boolean> {
    const session = await this.#signIn(true);
    const isBehind = ([channel, head]: readonly [string, number]) => {
      const position = this.#positions.get(channel);
      // If the server has begun the device anew, it has what the user has read: perhaps all of a channel without a position.
      if (position === undefined) return !this.#writesIn(channel);
      return position.offset < head;
    };
    if (session === undefined) return false;
    try {
      await until(
        () => !session.isOpen || ![...heads].some(isBehind),
        () => `${this.user} on ${this.name} to get the rest of ${[...heads].filter(isBehind)}`,
        CATCH_UP_MS,
      );
    } catch (error) {
      this.#ledger.fault(String(error));
    }
    const hasEverything = session.isOpen;
    await session.close();
    return hasEverything;
  }

  async #signIn(givesCursors: boolean): Promise<WireSession | undefined> {
    // A store that was set back knows the device as it was at any time before.
    if (this.#restores !== this.#ledger.restores) this.#begun.clear();
    this.#restores = this.#ledger.restores;
    this.#next = new Map();
    this.#given = givesCursors ? Object.fromEntries([...this.#positions].slice(0, MAX_CURSORS)) : {};
    const session = await this.#sessions.open((push) => this.#take(push));
    if (session === undefined) return undefined;
    if (await session.signIn(this.user, { device: this.name, cursors: this.#given })) {
      this.signIns += 1;
      return session;
    }
    // Perhaps the server had forgotten the device, and began it anew: then it need not know what was acknowledged.
    this.#beginAnew();
    return undefined;
  }

  #take(push: WireMessage): void {
    if (push.type === 'connected') {
      this.#isNew = push['device'] === 'new';
      if (!this.#isNew) return;
      if (this.#acknowledged.size > 0) this.timesForgotten += 1;
      this.#beginAnew();
      return;
    }
    if (push.type !== 'message' && push.type !== 'gap') return;
    const channel = String(push['channel']);
    const epoch = String(push['epoch']);
    const first = Number(push.type === 'gap' ? push['from'] : push['offset']);
    const expected = this.#next.get(channel);
    if (expected === undefined) this.#checkStart(channel, push, first);
    else if (first !== expected) this.#fault(channel, `${first} came where ${expected} had to`);
    const offset = push.type === 'gap' ? Number(push['next']) - 1 : first;
    this.#next.set(channel, offset + 1);
    this.#positions.set(channel, { epoch, offset });
    if (push.type === 'message') this.#ledger.see(`${this.user} ${channel}`, { epoch, offset }, String(push['body']));
  }

  /** It begins where the user has read, or where it was before, in channels of which that was not removed yet. */
  #beginAnew(): void {
    for (const each of this.#acknowledged.values()) each.answered = 0;
    this.#begun.clear();
  }

  /** Whether a session begins to read where it has to: nothing is left out, and nothing acknowledged comes again. */
  #checkStart(channel: string, push: WireMessage, first: number): void {
    const given = this.#given[channel];
    const acknowledged = this.#acknowledged.get(channel) ?? { sent: 0, answered: 0, crashes: 0 };
    const isEpochGap = push.type === 'gap' && push['reason'] === 'epoch';
    if (given !== undefined && given.epoch === push['epoch']) {
      if (first !== given.offset + 1) this.#fault(channel, `${first} came first after the cursor ${given.offset}`);
      return;
    }
    if (given !== undefined && !isEpochGap)
      this.#fault(channel, `${JSON.stringify(push)} came first after a cursor of epoch ${given.epoch}`);
    const start = isEpochGap ? Number(push['next']) : first;
    // A cursor never moves forward by itself. A new one is where the user has read, and writing in a channel reads it.
    if (this.#writesIn(channel) && !this.#begun.has(channel)) {
      this.#begun.add(channel);
      // A gap says what a forgotten device does not get.
      const begun = push.type === 'gap' ? Number(push['next']) : first;
      const { answered, crashes } = acknowledged;
      this.#acknowledged.set(channel, { sent: Math.max(acknowledged.sent, begun - 1), answered, crashes });
    } else if (start > acknowledged.sent + 1)
      this.#fault(
        channel,
        `${start} came first, ${acknowledged.sent} was acknowledged (${this.#isNew ? 'new' : 'known'})`,
      );
    // What was accepted is lost by a crash only.
    if (start <= acknowledged.answered && acknowledged.crashes === this.#ledger.crashes)
      this.#fault(channel, `${start} came again, ${acknowledged.answered} was acknowledged`);
  }

  async #acknowledge(session: WireSession): Promise<void> {
    const read = [...this.#next].slice(-MAX_CURSORS).map(([channel, next]) => [channel, next - 1] as const);
    if (read.length === 0) return;
    const cursors = Object.fromEntries(read.map(([channel]) => [channel, this.#positions.get(channel)]));
    const { crashes } = this.#ledger;
    for (const [channel, offset] of read) {
      const before = this.#acknowledged.get(channel) ?? { answered: 0, crashes, sent: 0 };
      this.#acknowledged.set(channel, { ...before, sent: Math.max(before.sent, offset) });
    }
    const answer = await session.ask({ type: 'ack', cursors });
    if (answer === undefined) return;
    if (answer.type !== 'ok') return this.#fault('ack', JSON.stringify(answer));
    for (const [channel, offset] of read) {
      const before = this.#acknowledged.get(channel)!;
      const answered = before.crashes === crashes ? Math.max(before.answered, offset) : offset;
      this.#acknowledged.set(channel, { sent: before.sent, answered, crashes });
    }
  }

  #fault(what: string, text: string): void {
    this.#ledger.fault(`${this.user} on ${this.name}, ${what}: ${text}`);
  }
}
