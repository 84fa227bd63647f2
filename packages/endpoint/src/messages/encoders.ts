// From the objects of an application to the messages of the wire.
import type { Session } from '../session/session.js';

/** Makes messages of what handlers return and of what `session.sendObject` is given. */
export interface Encoder<Encodable = unknown> {
  /** Is this one of the values that the encoder is for? The first encoder of the list that says so is used. */
  willEncode(value: unknown): boolean;
  /** Text or bytes. Sends that follow wait for a promise. A throw or rejection reaches `onError` as encode_failed. */
  encode(value: Encodable): string | Uint8Array | PromiseLike<string | Uint8Array>;
  /** Of a class only: called before the session's `onOpen`, which waits for it. A fault ends the session and reaches `onError`. */
  init?(session: Session): unknown;
  /** Of a class only: called after the session's `onClose`. A fault reaches `onError`. */
  destroy?(): unknown;
}

/**
 * An entry of an endpoint's `encoders`: an object, which all sessions share, or a class without constructor arguments,
 * of which each session gets an instance. A class is constructed once more when it is declared, to see what it is.
 */
export type EncoderEntry<Encodable = unknown> = Encoder<Encodable> | (new () => Encoder<Encodable>);

/** What the encoders of a list take; nothing where there is no list, and the type is all lists. */
export type EncodableOf<List extends readonly EncoderEntry[]> = readonly EncoderEntry[] extends List
  ? never
  : EncodableBy<List[number]>;

type EncodableBy<Entry> =
  Entry extends Encoder<infer Encodable>
    ? Encodable
    : Entry extends new () => Encoder<infer Encodable>
      ? Encodable
      : never;
