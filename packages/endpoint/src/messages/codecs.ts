// The decoders and encoders of an endpoint, checked when it is declared, and those of one session.
import { EndpointError } from '../errors.js';
import { isThenable } from '../promises.js';
import type { Session } from '../session/session.js';
import type { BinaryMessageDecoder, Decoder, DecoderEntry, TextMessageDecoder } from './decoders.js';
import type { Encoder, EncoderEntry } from './encoders.js';

type Codec = Decoder | Encoder;

/** What an endpoint's lists say, whatever session it is for. */
export class Codecs {
  readonly decodesText: boolean;
  readonly decodesBinary: boolean;
  readonly #decoders: readonly DecoderEntry[];
  readonly #encoders: readonly EncoderEntry[];
  /** Of lists without classes: all sessions share them. */
  readonly shared: SessionCodecs | undefined;

  /** @throws EndpointError invalid_codec; whatever a class throws when it is constructed */
  constructor(decoders: readonly DecoderEntry[], encoders: readonly EncoderEntry[], where: string) {
    this.#decoders = decoders;
    this.#encoders = encoders;
    for (const entry of decoders) assertNotFunction(entry, 'a decoder has a function decode(message)', where);
    for (const entry of encoders) assertNotFunction(entry, 'an encoder has the functions willEncode and encode', where);
    const samples = new SessionCodecs(decoders, encoders);
    for (const decoder of samples.decoders) checkDecoder(decoder, where);
    for (const encoder of samples.encoders) checkEncoder(encoder, where);
    this.decodesText = samples.textDecoders.length > 0;
    this.decodesBinary = samples.binaryDecoders.length > 0;
    const hasClasses = [...decoders, ...encoders].some((entry) => typeof entry === 'function');
    this.shared = hasClasses ? undefined : samples;
  }

  forSession(): SessionCodecs {
    return this.shared ?? new SessionCodecs(this.#decoders, this.#encoders);
  }
}

/** The decoders and encoders that serve one session, or, if all are objects, all sessions. */
export class SessionCodecs {
  readonly decoders: readonly Decoder[];
  readonly textDecoders: readonly TextMessageDecoder[];
  readonly binaryDecoders: readonly BinaryMessageDecoder[];
  readonly encoders: readonly Encoder[];
  readonly #made: Codec[] = [];

  constructor(decoders: readonly DecoderEntry[], encoders: readonly EncoderEntry[]) {
    this.decoders = decoders.map((entry) => this.#instanceOf<Decoder>(entry));
    this.textDecoders = this.decoders.filter((decoder) => decoder?.kind !== 'binary') as TextMessageDecoder[];
    this.binaryDecoders = this.decoders.filter((decoder) => decoder?.kind === 'binary');
    this.encoders = encoders.map((entry) => this.#instanceOf<Encoder>(entry));
  }

  /** Runs the `init` of what was made for this session, one after the other; a promise if one of them takes its time. */
  init(session: Session): undefined | Promise<void> {
    for (let index = 0; index < this.#made.length; index++) {
      const begun = this.#made[index]!.init?.(session);
      if (isThenable(begun)) return this.#initRest(session, begun, index + 1);
    }
    return undefined;
  }

  async #initRest(session: Session, begun: PromiseLike<unknown>, next: number): Promise<void> {
    await begun;
    for (const codec of this.#made.slice(next)) await codec.init?.(session);
  }

  /** Runs every `destroy`, whatever the others do. A promise if one of them takes its time; it never rejects. */
  destroy(report: (error: unknown) => void): undefined | Promise<unknown> {
    const pending: PromiseLike<unknown>[] = [];
    for (const codec of this.#made) {
      try {
        const ended = codec.destroy?.();
        if (isThenable(ended)) pending.push(Promise.resolve(ended).catch(report));
      } catch (error) {
        report(error);
      }
    }
    return pending.length === 0 ? undefined : Promise.all(pending);
  }

  #instanceOf<Kind extends Codec>(entry: Kind | (new () => Kind)): Kind {
    if (typeof entry !== 'function') return entry;
    const made = new entry();
    this.#made.push(made);
    return made;
  }
}

/** A class is constructed; arrow functions, methods and what JavaScript brings along, as JSON.parse, cannot be. */
function assertNotFunction(entry: unknown, expected: string, where: string): void {
  if (typeof entry !== 'function' || entry.prototype !== undefined) return;
  throw invalid(where, `${expected}, or is a class of such; "${entry.name || 'an arrow function'}" is only a function`);
}

function checkDecoder(decoder: unknown, where: string): void {
  const { kind, decode, willDecode } = (decoder ?? {}) as Partial<Decoder>;
  if (typeof decode !== 'function') throw invalid(where, 'a decoder has a function decode(message)');
  if (willDecode !== undefined && typeof willDecode !== 'function') {
    throw invalid(where, 'willDecode of a decoder is a function');
  }
  if (kind !== undefined && kind !== 'text' && kind !== 'binary') {
    throw invalid(where, `kind of a decoder is "text" or "binary", not ${JSON.stringify(kind)}`);
  }
}

function checkEncoder(encoder: unknown, where: string): void {
  const { encode, willEncode } = (encoder ?? {}) as Partial<Encoder>;
  if (typeof encode === 'function' && typeof willEncode === 'function') return;
  throw invalid(where, 'an encoder has the functions willEncode(value) and encode(value)');
}

function invalid(where: string, expected: string): EndpointError {
  return new EndpointError('invalid_codec', `${where}: ${expected}`);
}
