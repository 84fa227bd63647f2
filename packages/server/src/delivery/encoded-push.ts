// What is delivered, encoded once for all who see it the same way.

import type { Epoch, UserId } from '@longwire/protocol';
import { PreparedMessage } from '@longwire/websocket';
import type { Channel } from '../channel/channel.js';
import type { Entry } from '../channel/entry.js';
import type { LogGap } from '../channel/log-item.js';
import type { Codec, Payload } from './codec.js';

export class EncodedPush {
  /** Until the frame is made, which holds it as well. */
  #payload: Payload | undefined;
  #prepared: PreparedMessage | undefined;
  #isKept: boolean;

  /** @param isKept  see `EntryPushes.keep` */
  constructor(payload: Payload, isKept = false) {
    this.#payload = payload;
    this.#isKept = isKept;
  }

  keep(): void {
    if (this.#isKept) return;
    const { payload } = this;
    // That of a frame is a part of it.
    this.#payload = typeof payload === 'string' ? payload : Uint8Array.from(payload);
    this.#prepared = undefined;
    this.#isKept = true;
  }

  get payload(): Payload {
    if (this.#payload !== undefined) return this.#payload;
    const { kind, payload } = this.prepared;
    return kind === 'text' ? payload.toString() : payload;
  }

  /** The WebSocket frame. Made on first use: other transports need the payload alone. */
  get prepared(): PreparedMessage {
    if (this.#prepared === undefined) {
      const payload = this.#payload!;
      const options = { longLived: this.#isKept };
      this.#prepared =
        typeof payload === 'string' ? PreparedMessage.text(payload, options) : PreparedMessage.binary(payload, options);
      this.#payload = undefined;
    }
    return this.#prepared;
  }

  /** Bytes to count it as before it is encoded; exact for ASCII and binary data, low by at most a factor of three. */
  get estimatedBytes(): number {
    return this.#prepared?.byteLength ?? this.#payload!.length;
  }
}

/** Who sees a thing the same way: the same user, in the same codec. */
export interface Viewpoint {
  readonly user: UserId;
  readonly codec: Codec;
}

/** One thing from the view of one user, or of several who see no difference: encoded once in each codec that is asked for. */
export class CodecPushes {
  readonly #encode: (codec: Codec) => Payload;
  #isKept: boolean;
  /** Nearly always the only one. */
  #firstCodec: Codec | undefined;
  #first: EncodedPush | undefined;
  #others: Map<Codec, EncodedPush> | undefined;

  constructor(encode: (codec: Codec) => Payload, isKept = false) {
    this.#encode = encode;
    this.#isKept = isKept;
  }

  keep(): void {
    this.#isKept = true;
    this.#first?.keep();
    for (const push of this.#others?.values() ?? []) push.keep();
  }

  in(codec: Codec): EncodedPush {
    const made = this.#find(codec);
    if (made !== undefined) return made;
    const push = new EncodedPush(this.#encode(codec), this.#isKept);
    if (this.#first === undefined) {
      this.#firstCodec = codec;
      this.#first = push;
    } else {
      this.#others ??= new Map();
      this.#others.set(codec, push);
    }
    return push;
  }

  /** The payload alone, for a batch: what is made for it is not kept. */
  payloadIn(codec: Codec): Payload {
    return this.#find(codec)?.payload ?? this.#encode(codec);
  }

  #find(codec: Codec): EncodedPush | undefined {
    return codec === this.#firstCodec ? this.#first : this.#others?.get(codec);
  }
}

/**
 * The pushes of one entry: the sender's own devices see the key, all others share one. In a direct channel these two are also
 * the two addresses.
 */
export class EntryPushes {
  readonly entry: Entry;
  #own: CodecPushes | undefined;
  #others: CodecPushes | undefined;
  #isKept = false;

  constructor(entry: Entry) {
    this.entry = entry;
  }

  /** As a part of its log, like {@link GapPushes}. */
  get from(): number {
    return this.entry.offset;
  }

  get to(): number {
    return this.entry.offset;
  }

  /** They are kept beyond this turn: their frames have memory of their own, so that what is counted is what they keep. */
  keep(): void {
    this.#isKept = true;
    this.#own?.keep();
    this.#others?.keep();
  }

  for({ user, codec }: Viewpoint): EncodedPush {
    return this.#from(user).in(codec);
  }

  payloadFor({ user, codec }: Viewpoint): Payload {
    return this.#from(user).payloadIn(codec);
  }

  #from(viewer: UserId): CodecPushes {
    const { entry } = this;
    if (viewer === entry.from) {
      this.#own ??= new CodecPushes((codec) => codec.entry(entry, viewer, entry.key), this.#isKept);
      return this.#own;
    }
    this.#others ??= new CodecPushes((codec) => codec.entry(entry, viewer, undefined), this.#isKept);
    return this.#others;
  }
}

/** The pushes of a gap: few, and written anew for each recipient. */
export class GapPushes {
  readonly #gap: LogGap;
  readonly #channel: Channel;
  readonly #epoch: Epoch;

  constructor(gap: LogGap, channel: Channel, epoch: Epoch) {
    this.#gap = gap;
    this.#channel = channel;
    this.#epoch = epoch;
  }

  get from(): number {
    return this.#gap.from;
  }

  get to(): number {
    return this.#gap.to;
  }

  /** The part of it within two offsets of which it has one. */
  within(first: number, last: number): GapPushes {
    const { from, to, reason } = this.#gap;
    if (from >= first && to <= last) return this;
    const part = { from: Math.max(from, first), to: Math.min(to, last), reason };
    return new GapPushes(part, this.#channel, this.#epoch);
  }

  for(viewpoint: Viewpoint): EncodedPush {
    return new EncodedPush(this.payloadFor(viewpoint));
  }

  payloadFor({ user, codec }: Viewpoint): Payload {
    const { from, to, reason } = this.#gap;
    return codec.gap({ epoch: this.#epoch, from, to, next: to + 1, reason }, this.#channel, user);
  }
}
