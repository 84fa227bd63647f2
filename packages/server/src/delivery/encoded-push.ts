// A push, encoded once for all who see it the same way.

import type { UserId } from '@longwire/protocol';
import { encodeMessagePush } from '@longwire/protocol';
import { PreparedMessage } from '@longwire/websocket';
import { addressOf } from '../channel/channel-address.js';
import type { Entry } from '../channel/entry.js';

export class EncodedPush {
  /** Until the frame is made, which holds it as well. */
  #text: string | undefined;
  #prepared: PreparedMessage | undefined;
  #isKept: boolean;

  /** @param isKept  see `EntryPushes.keep` */
  constructor(text: string, isKept = false) {
    this.#text = text;
    this.#isKept = isKept;
  }

  keep(): void {
    if (this.#isKept) return;
    this.#text = this.text;
    this.#prepared = undefined;
    this.#isKept = true;
  }

  get text(): string {
    return this.#text ?? this.prepared.payload.toString();
  }

  /** The WebSocket frame. Made on first use: other transports need the text alone. */
  get prepared(): PreparedMessage {
    if (this.#prepared === undefined) {
      this.#prepared = PreparedMessage.text(this.text, { longLived: this.#isKept });
      this.#text = undefined;
    }
    return this.#prepared;
  }

  /** Bytes to count it as before it is encoded; exact for ASCII, low by at most a factor of three. */
  get estimatedBytes(): number {
    return this.#prepared?.byteLength ?? this.text.length;
  }
}

/**
 * The pushes of one entry, one per viewpoint: the sender's own devices see the key, all others share one. In a
 * direct channel the two viewpoints are also the two addresses.
 */
export class EntryPushes {
  readonly entry: Entry;
  #own: EncodedPush | undefined;
  #others: EncodedPush | undefined;
  #isKept = false;

  constructor(entry: Entry) {
    this.entry = entry;
  }

  /** They are kept beyond this turn: their frames have memory of their own, so that what is counted is what they keep. */
  keep(): void {
    this.#isKept = true;
    this.#own?.keep();
    this.#others?.keep();
  }

  for(viewer: UserId): EncodedPush {
    if (viewer === this.entry.from) {
      this.#own ??= this.#encode(viewer, this.entry.key);
      return this.#own;
    }
    this.#others ??= this.#encode(viewer, undefined);
    return this.#others;
  }

  /** The text alone, for a batch: nothing of it is kept. */
  textFor(viewer: UserId): string {
    const isOwn = viewer === this.entry.from;
    return (isOwn ? this.#own : this.#others)?.text ?? this.#textOf(viewer, isOwn ? this.entry.key : undefined);
  }

  #encode(viewer: UserId, key: string | undefined): EncodedPush {
    return new EncodedPush(this.#textOf(viewer, key), this.#isKept);
  }

  #textOf(viewer: UserId, key: string | undefined): string {
    return encodeMessagePush(this.entry, addressOf(this.entry.channel, viewer), key);
  }
}
