// A set of sessions that get the same messages.
import { PreparedMessage, TurnBuffer, WebSocketCloseCode } from '@longwire/websocket';
import { type NotAnAnswer, notAnAnswer } from '../declaring/message-handler.js';
import { EndpointError } from '../errors.js';
import type { Encoder } from '../messages/encoders.js';
import { kindOf } from '../option-checks.js';
import { ignorable, settledWithin } from '../promises.js';
import { Session, senderOf } from '../session/session.js';
import type { SessionSender } from '../session/session-sender.js';
import {
  assertSendOptions,
  type BroadcastOptions,
  type BroadcastSendOptions,
  exceptedBy,
  resolveBroadcastOptions,
  toAll,
} from './broadcast-options.js';
import { enter, leave } from './memberships.js';

/** What became of one message, in receivers. Those that were excepted or had begun to close are not counted. */
export class BroadcastResult implements NotAnAnswer {
  /** It is queued for these; after `sendAndWait`: the operating system has all of it. */
  readonly sent: number;
  /** Slow ones that miss it. */
  readonly skipped: number;
  /** Slow ones that were closed. */
  readonly closed: number;

  constructor(sent: number, skipped: number, closed: number) {
    this.sent = sent;
    this.skipped = skipped;
    this.closed = closed;
  }

  /** A handler that returns it answers nothing. */
  get [notAnAnswer](): true {
    return true;
  }
}

interface Tally {
  sent: number;
  skipped: number;
  closed: number;
}

/**
 * A set of sessions, of one endpoint or of several, that get the same messages. A message is encoded once for all; a
 * receiver that ended, fails or reads slowly hurts no other. Sessions leave by themselves when they end, before their
 * `onClose` is called.
 * ```ts
 * const room = new Broadcast({ slow: 'skip' });
 * defineEndpoint('/chat', {
 *   onOpen: (session) => room.add(session),
 *   onText: (text, session) => room.send(text, { except: session }), // what it returns is not an answer
 * });
 * ```
 */
export class Broadcast<Path extends string = string> implements Iterable<Session<Path>>, NotAnAnswer {
  readonly #options: Required<BroadcastOptions>;
  readonly #sessions = new Set<Session<Path>>();
  /** What is sent in this turn of the event loop, for the sessions that follow it. */
  readonly #turn = new TurnBuffer<Session<Path>>();
  /** Slow ones that have been given time. */
  readonly #awaited = new Set<Session<Path>>();

  /** @throws EndpointError unknown_option, invalid_option */
  constructor(options: BroadcastOptions = {}) {
    this.#options = resolveBroadcastOptions(options);
  }

  /** A handler that returns it, as `(session) => room.add(session)` does, answers nothing. */
  get [notAnAnswer](): true {
    return true;
  }

  /**
   * Adds a session, once however often it is added. One that has begun to close stays out: see {@link has}.
   * @throws EndpointError invalid_option for what is not a session
   */
  add(session: Session<Path>): this {
    if (!(session instanceof Session)) throw notASession(session);
    if (!session.isOpen) return this;
    if (enter(this.#sessions, session) && this.#turn.isOpen) this.#turn.apart.add(session);
    return this;
  }

  /** Takes a session out, if it is in; it stays open. Also allowed while a message is being sent. */
  delete(session: Session<Path>): void {
    if (leave(this.#sessions, session)) senderOfAny(session).unfollow(this.#turn);
  }

  /** True while the session is in it. */
  has(session: Session<Path>): boolean {
    return this.#sessions.has(session);
  }

  /** How many sessions are in it. One that closes counts until it has ended. */
  get size(): number {
    return this.#sessions.size;
  }

  /** The sessions in the order in which they were added. */
  [Symbol.iterator](): IterableIterator<Session<Path>> {
    return this.#sessions.values();
  }

  /**
   * Queues a message for every session: a string as text, bytes as binary. Never throws because of a receiver, never
   * waits for one. What the receivers above `maxBufferedBytes` get is decided by the policy of this broadcast.
   * @throws EndpointError invalid_message, unknown_option, invalid_option; and what an `except` function throws, before
   *   any member gets anything
   */
  send(message: string | Uint8Array | PreparedMessage, options: BroadcastSendOptions<Path> = toAll): BroadcastResult {
    assertSendOptions(options);
    const prepared = preparedFrom(message);
    const rest = this.#follow(prepared.byteLength, exceptedBy(options, this.#sessions));
    this.#turn.append(prepared);
    let sent = this.#turn.followers;
    let skipped = 0;
    let closed = 0;
    for (const session of rest) {
      // An observer or an error handler may have removed it.
      if (!this.#sessions.has(session)) continue;
      const offered = senderOfAny(session).offerPrepared(prepared, this.#options.maxBufferedBytes);
      const outcome = offered === 'slow' ? this.#treatSlow(session, prepared) : offered;
      if (outcome === 'sent') sent++;
      else if (outcome === 'skipped') skipped++;
      else if (outcome === 'closed') closed++;
    }
    return new BroadcastResult(sent, skipped, closed);
  }

  /**
   * As {@link send}, and resolves once the operating system has taken the message for every session for which it was queued. Who
   * has not taken it after `waitMs` is closed with 1008, whatever the policy: so no receiver holds this up for longer.
   * An unhandled rejection ends nothing.
   * @throws (rejects) as {@link send}
   */
  sendAndWait(
    message: string | Uint8Array | PreparedMessage,
    options: BroadcastSendOptions<Path> = toAll,
  ): Promise<BroadcastResult> {
    return ignorable(this.#sendAndWait(message, options));
  }

  /**
   * Encodes `value` once and sends it as {@link send} does: at once, unless the encoder gives a promise. Await or return
   * what this gives, to hear of an encoder that fails; an unhandled rejection ends nothing.
   * @throws (rejects) as {@link send}, and what the encoder throws or rejects with; no member gets anything then
   */
  sendObject<Value>(
    value: Value,
    encoder: Pick<Encoder<Value>, 'encode'>,
    options: BroadcastSendOptions<Path> = toAll,
  ): Promise<BroadcastResult> {
    return ignorable(this.#sendObject(value, encoder, options));
  }

  async #sendAndWait(
    message: string | Uint8Array | PreparedMessage,
    options: BroadcastSendOptions<Path>,
  ): Promise<BroadcastResult> {
    assertSendOptions(options);
    const tally: Tally = { sent: 0, skipped: 0, closed: 0 };
    const prepared = preparedFrom(message);
    const pending = new Set<Session<Path>>();
    const deliveries: Promise<void>[] = [];
    const { slow, maxBufferedBytes } = this.#options;
    const excepted = exceptedBy(options, this.#sessions);
    for (const session of this.#sessions) {
      if (!session.isOpen || excepted.has(session)) continue;
      if (slow !== 'wait' && session.bufferedBytes > maxBufferedBytes) {
        tally[this.#treatSlow(session, prepared)]++;
        continue;
      }
      pending.add(session);
      const delivered = session.sendPreparedAsync(prepared).then(
        () => void tally.sent++,
        // It has ended: its own onClose says so.
        () => {},
      );
      deliveries.push(delivered.finally(() => pending.delete(session)));
    }
    await settledWithin(Promise.all(deliveries), this.#options.waitMs);
    const result = new BroadcastResult(tally.sent, tally.skipped, tally.closed + pending.size);
    for (const session of pending) closeAsTooSlow(session);
    return result;
  }

  async #sendObject<Value>(
    value: Value,
    encoder: Pick<Encoder<Value>, 'encode'>,
    options: BroadcastSendOptions<Path>,
  ): Promise<BroadcastResult> {
    assertSendOptions(options);
    const encoded = encoder.encode(value);
    const isNow = typeof encoded === 'string' || encoded instanceof Uint8Array;
    return this.send(isNow ? encoded : await encoded, options);
  }

  /**
   * Makes the sessions that get the next message follow the turn, and those that do not get it stop following.
   * @returns those that are to be sent the message individually, because they are slow or cannot follow
   */
  #follow(messageBytes: number, excepted: ReadonlySet<Session<Path>>): Session<Path>[] {
    const turn = this.#turn;
    const { maxBufferedBytes } = this.#options;
    for (const session of excepted) {
      if (this.#sessions.has(session)) senderOfAny(session).unfollow(turn);
    }
    const isFirst = !turn.isOpen;
    if (isFirst) turn.open();
    else if (!turn.hasRoomFor(messageBytes)) this.#askForRoom(messageBytes);
    const others: Session<Path>[] = [];
    for (const session of isFirst ? this.#sessions : turn.apart) {
      if (excepted.size > 0 && excepted.has(session)) {
        turn.apart.add(session);
      } else if (!isFirst && !this.#sessions.has(session)) {
        turn.apart.delete(session);
      } else if (senderOfAny(session).follow(turn, session, messageBytes, maxBufferedBytes)) {
        if (!isFirst) turn.apart.delete(session);
      } else {
        turn.apart.add(session);
        others.push(session);
      }
    }
    return others;
  }

  /** Makes sessions that have no room for the next message stop following. */
  #askForRoom(messageBytes: number): void {
    const turn = this.#turn;
    turn.resetRoom();
    for (const session of this.#sessions) {
      if (!turn.apart.has(session))
        senderOfAny(session).follow(turn, session, messageBytes, this.#options.maxBufferedBytes);
    }
  }

  #treatSlow(session: Session<Path>, prepared: PreparedMessage): keyof Tally {
    switch (this.#options.slow) {
      case 'skip':
        return 'skipped';
      case 'close':
        closeAsTooSlow(session);
        return 'closed';
      case 'wait':
        void this.#sendInTime(session, prepared);
        return session.isOpen ? 'sent' : 'closed';
    }
  }

  /** One deadline at a time: what comes while it runs goes behind what it is for. */
  async #sendInTime(session: Session<Path>, prepared: PreparedMessage): Promise<void> {
    if (this.#awaited.has(session)) {
      session.sendPrepared(prepared);
      return;
    }
    this.#awaited.add(session);
    const isInTime = await settledWithin(session.sendPreparedAsync(prepared), this.#options.waitMs);
    this.#awaited.delete(session);
    if (!isInTime) closeAsTooSlow(session);
  }
}

/** The sender of a session of any path. */
function senderOfAny(session: unknown): SessionSender {
  return senderOf(session as Session);
}

function preparedFrom(message: string | Uint8Array | PreparedMessage): PreparedMessage {
  if (typeof message === 'string') return PreparedMessage.text(message);
  if (message instanceof Uint8Array) return PreparedMessage.binary(message);
  if (message instanceof PreparedMessage) return message;
  throw new EndpointError(
    'invalid_message',
    `a broadcast sends a string, a Uint8Array or a PreparedMessage, not ${kindOf(message)}; sendObject takes an encoder`,
  );
}

function notASession(given: unknown): EndpointError {
  const expected = 'expected a session, as handlers and openSessions give it';
  return new EndpointError('invalid_option', `a broadcast: ${expected}, not ${kindOf(given)}`);
}

/** What waits for it goes first, as far as it is taken within the time for closing. */
function closeAsTooSlow(session: unknown): void {
  senderOf(session as Session).close('slow_consumer', WebSocketCloseCode.policyViolation, 'too slow');
}
