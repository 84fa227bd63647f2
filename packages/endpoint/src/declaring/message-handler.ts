// What handlers may return, and the signature of a message handler by kind and delivery.
import type { MessageStream } from '../messages/message-stream.js';

/** Marks objects of this package: a handler that returns one, as `(text) => room.send(text)` does, answers nothing. */
export const notAnAnswer: unique symbol = Symbol('longwire.notAnAnswer');

export interface NotAnAnswer {
  readonly [notAnAnswer]: true;
}

export function isNotAnAnswer(result: object): boolean {
  return notAnAnswer in result;
}

/**
 * What a message handler may return: text and bytes are sent on the session, nothing sends nothing, nor does what calls of
 * this package return; promises are awaited. `Encodable` is what the endpoint's encoders make messages of.
 */
export type MessageResult<Encodable = never> = Reply<Encodable> | PromiseLike<Reply<Encodable>>;
// `void` lets a handler without a return statement through; as part of a union it still refuses numbers and objects.
// biome-ignore lint/suspicious/noConfusingVoidType: undefined alone would refuse an async handler without a return statement
type Reply<Encodable> = string | Uint8Array | Encodable | NotAnAnswer | undefined | null | void;
/** Any object but a promise: for handlers whose declaration does not show which encoders there are. */
export type AnyObject = object & { readonly then?: never };
/**
 * What every other handler returns: nothing, now or later. In JavaScript a text, bytes or a plain object that such a
 * handler returns is not sent, and is a warning.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: undefined alone would refuse an async handler without a return statement
export type HandlerResult = void | NotAnAnswer | PromiseLike<void | NotAnAnswer>;

/** Whole; each part as it arrives; or as a stream that the handler reads. */
export type MessageDelivery = 'whole' | 'parts' | 'stream';

/** What `@OnMessage` and `session.addMessageHandler` take. `kind` is `text` and `delivery` is `whole` by default. */
export interface MessageHandlerOptions {
  readonly kind?: 'text' | 'binary' | 'pong' | 'object';
  /** For text and binary messages only. */
  readonly delivery?: MessageDelivery;
}

interface PartOf {
  readonly text: string;
  readonly binary: Buffer;
}

/**
 * What `session.addMessageHandler({ kind, delivery }, handler)` takes. Objects that it returns go through the encoders of
 * the endpoint; one that no encoder takes is reported as invalid_result. `Session` is the session it is added to.
 */
export type MessageHandler<
  Kind extends 'text' | 'binary' | 'pong' | 'object' = 'text',
  Delivery extends MessageDelivery = 'whole',
  Session = unknown,
> = Kind extends keyof PartOf
  ? {
      readonly whole: (message: PartOf[Kind], session: Session) => MessageResult<AnyObject>;
      readonly parts: (part: PartOf[Kind], isLast: boolean, session: Session) => MessageResult<AnyObject>;
      readonly stream: (message: MessageStream<PartOf[Kind]>, session: Session) => MessageResult<AnyObject>;
    }[Delivery]
  : Delivery extends 'whole'
    ? Kind extends 'pong'
      ? (payload: Buffer, session: Session) => HandlerResult
      : ObjectHandler<Session>['handle']
    : never;

interface ObjectHandler<Session> {
  // A method, so that the handler may say what the endpoint's decoders give.
  handle(message: unknown, session: Session): MessageResult<AnyObject>;
}
