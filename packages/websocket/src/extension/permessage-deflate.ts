// RFC 7692 on one connection: windows of both directions, and whether they are kept between messages.
import type { Role } from '../frame/opcode.js';
import type { ResolvedPerMessageDeflateOptions } from '../options.js';
import { Deflater } from './deflater.js';
import { HandleInflater } from './handle-inflater.js';
import { PoolPlaces } from './inflate-limits.js';
import type { Inflater, InflateSink } from './inflater.js';
import type { AgreedDeflateParameters } from './negotiation.js';
import { StreamInflater } from './stream-inflater.js';
import { openInflate } from './zlib-handle.js';

// Inflaters of connections without context are used for one message at a time. More than a few at once are rare.
const MAX_SPARE_INFLATERS = 16;

const spareInflaters = new Map<number, HandleInflater[]>();
const sharedDeflaters = new Map<number, Deflater>();
const placesByLimit = new Map<number, PoolPlaces>();

export class PerMessageDeflate {
  readonly #options: ResolvedPerMessageDeflateOptions;
  readonly #ownBits: number;
  readonly #peerBits: number;
  readonly #forgetsOwn: boolean;
  readonly #forgetsPeer: boolean;
  readonly #usesHandle: boolean;
  #deflater: Deflater | undefined;
  #inflater: HandleInflater | StreamInflater | undefined;

  /** @param engine `stream` keeps to the public interface of node:zlib */
  constructor(
    role: Role,
    agreed: AgreedDeflateParameters,
    options: ResolvedPerMessageDeflateOptions,
    engine: 'auto' | 'stream' = 'auto',
  ) {
    const isServer = role === 'server';
    this.#options = options;
    this.#ownBits = isServer ? agreed.serverMaxWindowBits : agreed.clientMaxWindowBits;
    this.#peerBits = isServer ? agreed.clientMaxWindowBits : agreed.serverMaxWindowBits;
    this.#forgetsOwn = isServer ? agreed.serverNoContextTakeover : agreed.clientNoContextTakeover;
    this.#forgetsPeer = isServer ? agreed.clientNoContextTakeover : agreed.serverNoContextTakeover;
    this.#usesHandle = engine === 'auto';
  }

  /** Compressed output depends on its message alone, so it may be sent to others with the same parameters. */
  get isOutputShared(): boolean {
    return this.#forgetsOwn;
  }

  /** Equal for connections whose compressed output is the same. */
  get sharedKey(): number {
    const { level, memoryLevel, thresholdBytes } = this.#options;
    return this.#ownBits + level * 16 + memoryLevel * 256 + thresholdBytes * 4096;
  }

  isWorthCompressing(payloadBytes: number): boolean {
    return payloadBytes >= this.#options.thresholdBytes;
  }

  /** As `isWorthCompressing`; counts the bytes only where the characters leave a doubt. */
  isTextWorthCompressing(text: string): boolean {
    const { thresholdBytes } = this.#options;
    if (text.length >= thresholdBytes) return true;
    // Each unit of UTF-16 is one to three bytes of UTF-8.
    return text.length * 3 >= thresholdBytes && Buffer.byteLength(text) >= thresholdBytes;
  }

  /** The compressed payload of the next message; undefined = send it plain. */
  compress(payload: Uint8Array): Buffer | undefined {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    this.#deflater ??= this.#forgetsOwn ? this.#sharedDeflater() : this.#openDeflater();
    return this.#deflater.compress(bytes);
  }

  /** The inflater for the next message; `release` gives it back. */
  takeInflater(sink: InflateSink): Inflater {
    const inflater = this.#inflater ?? this.#openInflater();
    inflater.begin(sink);
    // One without context is used for this message only; `release` returns it.
    if (!this.#forgetsPeer || inflater instanceof StreamInflater) this.#inflater = inflater;
    return inflater;
  }

  /** The connection has ended. */
  release(): void {
    if (!this.#forgetsOwn) this.#deflater?.close();
    this.#deflater = undefined;
    this.#inflater?.close();
    this.#inflater = undefined;
  }

  #openInflater(): HandleInflater | StreamInflater {
    const { maxConcurrentInflates } = this.#options;
    const spares = sparesFor(this.#peerBits, maxConcurrentInflates);
    const spare = this.#forgetsPeer && this.#usesHandle ? spares.pop() : undefined;
    if (spare !== undefined) return spare;
    const places = placesFor(maxConcurrentInflates);
    const zlib = this.#usesHandle ? openInflate(this.#peerBits) : undefined;
    if (zlib === undefined) return new StreamInflater(this.#peerBits, places, { forgets: this.#forgetsPeer });
    const putBackHere = (used: HandleInflater, isReusable: boolean): void => putBack(used, spares, isReusable);
    return new HandleInflater(zlib, places, this.#forgetsPeer ? putBackHere : keep);
  }

  #sharedDeflater(): Deflater {
    const key = this.#usesHandle ? this.sharedKey : -this.sharedKey;
    let deflater = sharedDeflaters.get(key);
    if (deflater === undefined) {
      deflater = this.#openDeflater();
      sharedDeflaters.set(key, deflater);
    }
    return deflater;
  }

  #openDeflater(): Deflater {
    const { level, memoryLevel } = this.#options;
    const settings = { windowBits: this.#ownBits, level, memoryLevel, forgets: this.#forgetsOwn };
    return new Deflater(settings, { withoutHandle: !this.#usesHandle });
  }
}

function putBack(inflater: HandleInflater, spares: HandleInflater[], isReusable: boolean): void {
  if (!isReusable || spares.length >= MAX_SPARE_INFLATERS) {
    inflater.close();
    return;
  }
  inflater.reset();
  spares.push(inflater);
}

function keep(): void {
  // With context takeover the window must outlive the message.
}

/** Inflaters that may be lent out, for one size of window and one limit of the thread pool. */
function sparesFor(windowBits: number, limit: number): HandleInflater[] {
  const key = windowBits + limit * 16;
  let spares = spareInflaters.get(key);
  if (spares === undefined) {
    spares = [];
    spareInflaters.set(key, spares);
  }
  return spares;
}

function placesFor(limit: number): PoolPlaces {
  let places = placesByLimit.get(limit);
  if (places === undefined) {
    places = new PoolPlaces(limit);
    placesByLimit.set(limit, places);
  }
  return places;
}
