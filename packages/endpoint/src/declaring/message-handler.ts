// The signature of a message handler by kind and delivery.
import type { MessageStream } from '../messages/message-stream.js';
import type { AnyObject, HandlerResult, MessageResult } from './handler-results.js';

/** Whole; each part as it arrives; or as a stream that the handler reads. */
export type MessageDelivery = 'whole' | 'parts' | 'stream';

/** What `@OnMessage` and `session.addMessageHandler` are told. `kind` is `text` and `delivery` is `whole` by default. */
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
