// A session of the model of reading. It keeps the contract of a recipient with an outbox of so many texts, and follows turn
// buffers as a connection of the engine does; whatever it is queued and should not be is a fault.

import type { UserId } from '@longwire/protocol';
import { FrameDecoder, type TurnBuffer } from '@longwire/websocket';
import type { Codec } from '../../src/delivery/codec.js';
import type { EncodedPush } from '../../src/delivery/encoded-push.js';
import { jsonCodec } from '../../src/delivery/json-codec.js';
import type { LogReader, Recipient, RoomWaiter } from '../../src/delivery/log-reader.js';
import { objectsIn } from './binary-codec.js';

type SharedTail = ReturnType<TurnBuffer<LogReader>['beginFollowing']>;

/** How a session is written to. */
export type SessionKind = Pick<Recipient, 'codec' | 'takesBatches'>;

/** One connection of a device. The client reads when the test says so. */
export class ModelSession<Device> implements Recipient {
  readonly user: UserId;
  readonly device: Device;
  readonly codec: Codec;
  readonly takesBatches: boolean;
  reader: LogReader | undefined;
  capacity: number;
  /** Per address, where the comparison found the session to begin: nothing up to there is due. */
  readonly starts = new Map<string, number>();
  /** Slices of the opening comparison still to come; undefined once open. */
  slices: (() => void)[] | undefined;
  readonly #shown = new Map<string, number>();
  readonly #waiters = new Set<RoomWaiter>();
  readonly #texts: string[] = [];
  /** What continues the texts. */
  #tail: SharedTail | undefined;
  readonly #faults: string[];

  constructor(user: UserId, device: Device, capacity: number, kind: SessionKind, faults: string[]) {
    this.codec = kind.codec;
    this.takesBatches = kind.takesBatches;
    this.#faults = faults;
    this.user = user;
    this.device = device;
    this.capacity = capacity;
  }

  get outbox(): readonly string[] {
    return [...this.#texts, ...(this.#tail === undefined ? [] : textsIn(this.#tail.pieces(), this.codec))];
  }

  offer(push: EncodedPush, waiter: RoomWaiter): boolean {
    if (this.outbox.length >= this.capacity) {
      this.#waiters.add(waiter);
      return false;
    }
    const objects = objectsIn(push.payload, this.codec);
    if (objects.length > 1 && !this.takesBatches) this.#fault('a batch was queued to a session that takes none');
    for (const object of objects) this.queue(object);
    return true;
  }

  /** Of a log it has nothing. */
  notify(): void {}

  offerOrDrop(push: EncodedPush): void {
    if (this.outbox.length >= this.capacity || this.#waiters.size > 0) return;
    for (const object of objectsIn(push.payload, this.codec)) this.queue(object);
  }

  follow(turn: TurnBuffer<LogReader>, reader: LogReader, bytes: number): boolean {
    if (this.outbox.length >= this.capacity || this.#waiters.size > 0 || this.reader !== reader) {
      this.unfollow(turn);
      return false;
    }
    // Room is counted in texts here, and in bytes there: it is asked for anew before each push.
    turn.limitRoom(this.capacity === Number.MAX_SAFE_INTEGER ? this.capacity : bytes);
    if (this.#isFollowing(turn)) return true;
    this.#endTail();
    this.#tail = turn.beginFollowing(undefined);
    return true;
  }

  unfollow(turn: TurnBuffer<LogReader>): void {
    if (this.#isFollowing(turn)) this.#endTail();
  }

  /** The client reads up to `count` texts. Only who was refused is called; nobody else is asked whether there is room. */
  take(count: number): readonly string[] {
    this.#endTail();
    const texts = this.#texts.splice(0, count);
    if (this.#texts.length >= this.capacity) return texts;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.onRoom();
    return texts;
  }

  /** Behind everything that was queued and appended before. */
  queue(text: string): void {
    this.#endTail();
    this.#add(text);
  }

  #isFollowing(turn: TurnBuffer<LogReader>): boolean {
    return this.#tail?.source === turn && this.#tail.isOpen;
  }

  #endTail(): void {
    const tail = this.#tail;
    if (tail === undefined) return;
    this.#tail = undefined;
    for (const text of textsIn(tail.pieces(), this.codec)) this.#add(text);
    tail.noteLeft(this.reader);
  }

  #add(text: string): void {
    const push = JSON.parse(text) as { channel: string; offset: number; from: number; to: number; type: string };
    const { channel, type } = push;
    if (type === 'message' || type === 'gap') {
      const [first, last] = type === 'gap' ? [push.from, push.to] : [push.offset, push.offset];
      // No connection is shown an entry twice: the client's dropping of duplicates is for reconnects only.
      if (first <= (this.#shown.get(channel) ?? 0)) this.#fault(`${channel} ${first} was queued twice`);
      // A client drops what it has, so this would cost nothing but the reading of the whole log again.
      const start = this.starts.get(channel) ?? 0;
      if (first <= start) this.#fault(`${channel} ${first} was queued to a session that begins after ${start}`);
      this.#shown.set(channel, last);
    }
    this.#texts.push(text);
  }

  /** Noted as well, because what is thrown in the reaction to a page reaches no test. */
  #fault(message: string): never {
    this.#faults.push(message);
    throw new Error(message);
  }
}

/** The texts of the objects in whole frames of a server. */
function textsIn(pieces: readonly Buffer[], codec: Codec): string[] {
  const payloads: Buffer[] = [];
  const sink = {
    onDataFrame: () => payloads.push(Buffer.alloc(0)),
    onDataPayload: (piece: Buffer) => payloads.push(Buffer.concat([payloads.pop()!, piece])),
    onDataFrameEnd: () => {},
    onControlFrame: () => {},
    onFrameError: (error: Error) => {
      throw error;
    },
  };
  // The decoder owns what it is given, and others read the same pieces.
  new FrameDecoder('client', sink, false).push(Buffer.concat(pieces));
  return payloads.flatMap((payload) => objectsIn(codec === jsonCodec ? payload.toString() : payload, codec));
}
