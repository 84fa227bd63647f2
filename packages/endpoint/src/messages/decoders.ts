// From the messages of the wire to the objects of an application.
import type { Session } from '../session/session.js';

/** What a decoder class may have besides: its instances serve one session each. Objects serve all sessions and have none. */
interface SessionBound {
  /** Called before the session's `onOpen`, which waits for it. A fault ends the session and reaches `onError`. */
  init?(session: Session): unknown;
  /** Called after the session's `onClose`. A fault reaches `onError`. */
  destroy?(): unknown;
}

/** Makes objects of text messages. */
export interface TextMessageDecoder<Decoded = unknown> extends SessionBound {
  readonly kind?: 'text';
  /** False leaves the message to the next decoder, then to the endpoint's text handler. Default: true. */
  willDecode?(message: string): boolean;
  /** A throw or rejection reaches `onError` as decode_failed; the session stays open, if there is an `onError`. */
  decode(message: string): Decoded | PromiseLike<Decoded>;
}

/** Makes objects of binary messages. */
export interface BinaryMessageDecoder<Decoded = unknown> extends SessionBound {
  readonly kind: 'binary';
  /** False leaves the message to the next decoder, then to the endpoint's binary handler. Default: true. */
  willDecode?(message: Buffer): boolean;
  /** A throw or rejection reaches `onError` as decode_failed; the session stays open, if there is an `onError`. */
  decode(message: Buffer): Decoded | PromiseLike<Decoded>;
}

export type Decoder<Decoded = unknown> = TextMessageDecoder<Decoded> | BinaryMessageDecoder<Decoded>;

/**
 * An entry of an endpoint's `decoders`: an object, which all sessions share, or a class without constructor arguments,
 * of which each session gets an instance. A class is constructed once more when it is declared, to see what it decodes.
 */
export type DecoderEntry<Decoded = unknown> = Decoder<Decoded> | (new () => Decoder<Decoded>);

/** What the decoders of a list give; nothing where there is no list, and the type is all lists. */
export type DecodedOf<List extends readonly DecoderEntry[]> = readonly DecoderEntry[] extends List
  ? never
  : DecodedBy<List[number]>;

type DecodedBy<Entry> =
  Entry extends TextMessageDecoder<infer Decoded>
    ? Decoded
    : Entry extends BinaryMessageDecoder<infer Decoded>
      ? Decoded
      : Entry extends new () => infer Made
        ? DecodedBy<Made>
        : never;
