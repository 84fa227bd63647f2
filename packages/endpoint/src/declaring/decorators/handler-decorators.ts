// @OnOpen, @OnMessage, @OnClose and @OnError, for TC39 decorators and for `experimentalDecorators`: one function, both
// call shapes.
import { EndpointError } from '../../errors.js';
import type { MessageStream } from '../../messages/message-stream.js';
import type { CloseReason } from '../../session/close-reason.js';
import type { Session } from '../../session/session.js';
import type { EndpointConfig } from '../endpoint-options.js';
import type { HandlerKind } from '../handlers.js';
import type {
  AnyObject,
  HandlerResult,
  MessageDelivery,
  MessageHandlerOptions,
  MessageResult,
} from '../message-handler.js';
import { handlerKindOf } from '../message-routes.js';
import { declareHandler, metadataOfClass } from './endpoint-metadata.js';

// Fits `Session<'…'>` of every template as an argument; the class decorator then checks which template it is.
type AnySession = Session<never>;

/** A method decorator that accepts methods of the shape `Handler` only. */
export interface HandlerDecorator<Handler extends (...parameters: never[]) => unknown> {
  (method: Handler, context: ClassMethodDecoratorContext): void;
  <Method extends Handler>(prototype: object, name: string | symbol, descriptor: TypedPropertyDescriptor<Method>): void;
}

// A decorator of a method does not see which encoders the class has: any object may be returned. One that no encoder
// takes is reported as invalid_result.
type AnyResult = MessageResult<AnyObject>;

export type OnOpenMethod = (session: AnySession, config: EndpointConfig<never>) => HandlerResult;
export type OnTextMethod = (message: string, session: AnySession) => AnyResult;
export type OnBinaryMethod = (data: Buffer, session: AnySession) => AnyResult;
// What the decoders of the class give is known to the class decorator alone.
export type OnObjectMethod = (message: never, session: AnySession) => AnyResult;
export type OnTextPartMethod = (part: string, isLast: boolean, session: AnySession) => AnyResult;
export type OnBinaryPartMethod = (part: Buffer, isLast: boolean, session: AnySession) => AnyResult;
export type OnTextStreamMethod = (message: MessageStream<string>, session: AnySession) => AnyResult;
export type OnBinaryStreamMethod = (message: MessageStream<Buffer>, session: AnySession) => AnyResult;
type OnMessageOptions<Kind, Delivery> = {
  readonly kind?: Kind;
  /** For text and binary messages only. */
  readonly delivery?: Kind extends 'text' | 'binary' ? Delivery : 'whole';
};

/** The shape of a method for messages of a kind and delivery. */
type OnMessageMethod<Kind extends 'text' | 'binary' | 'object' | 'pong', Delivery extends MessageDelivery> = {
  readonly text: {
    readonly whole: OnTextMethod;
    readonly parts: OnTextPartMethod;
    readonly stream: OnTextStreamMethod;
  };
  readonly binary: {
    readonly whole: OnBinaryMethod;
    readonly parts: OnBinaryPartMethod;
    readonly stream: OnBinaryStreamMethod;
  };
  readonly object: Readonly<Record<MessageDelivery, OnObjectMethod>>;
  readonly pong: Readonly<Record<MessageDelivery, OnPongMethod>>;
}[Kind][Delivery];

export type OnPongMethod = (payload: Buffer, session: AnySession) => HandlerResult;
export type OnCloseMethod = (session: AnySession, reason: CloseReason) => HandlerResult;
export type OnErrorMethod = (error: unknown, session: AnySession) => HandlerResult;

/** Calls the method when a session has opened, before its first message: `open(session, config)`. */
export function OnOpen(...nothing: never[]): HandlerDecorator<OnOpenMethod> {
  assertNoArguments('OnOpen', nothing);
  return handlerDecorator('OnOpen', 'open');
}

/**
 * Calls the method with every message of one kind: `text(message, session)` (the default), `bytes(data, session)` for
 * `{ kind: 'binary' }`, `object(message, session)` with what the endpoint's decoders give for `{ kind: 'object' }`,
 * `pong(payload, session)` for `{ kind: 'pong' }`. Text and binary messages come whole, or with `delivery: 'parts'` part
 * by part as they arrive, `part(part, isLast, session)`, or with `delivery: 'stream'` as a {@link MessageStream},
 * `stream(message, session)`. What the handler of a message returns, or its promise resolves with, is sent: text and
 * bytes as they are, objects through the first encoder of the endpoint that takes them.
 * @throws EndpointError when the class is evaluated: unknown_option, invalid_option, invalid_handler, duplicate_handler,
 *   decorator_misused
 */
export function OnMessage<
  const Kind extends 'text' | 'binary' | 'object' | 'pong' = 'text',
  const Delivery extends MessageDelivery = 'whole',
>(options?: OnMessageOptions<Kind, Delivery>): HandlerDecorator<OnMessageMethod<Kind, Delivery>>;
export function OnMessage(
  options: MessageHandlerOptions = {},
  ...nothing: never[]
): HandlerDecorator<(...parameters: never[]) => unknown> {
  assertNoArguments('OnMessage', nothing);
  if (typeof options !== 'object' || options === null) throw withoutParentheses('OnMessage');
  return handlerDecorator('OnMessage', handlerKindOf(options, '@OnMessage'));
}

/** Calls the method when a session has ended, exactly once and last: `closed(session, reason)`. */
export function OnClose(...nothing: never[]): HandlerDecorator<OnCloseMethod> {
  assertNoArguments('OnClose', nothing);
  return handlerDecorator('OnClose', 'close');
}

/**
 * Calls the method with what a handler threw, with protocol and connection errors, and with sends after the end:
 * `failed(error, session)`.
 */
export function OnError(...nothing: never[]): HandlerDecorator<OnErrorMethod> {
  assertNoArguments('OnError', nothing);
  return handlerDecorator('OnError', 'error');
}

/**
 * What a decorator is called with: (value, context) under TC39, (prototype, name, descriptor) under
 * `experimentalDecorators`.
 */
type Placement = string | symbol | ClassMethodDecoratorContext;

function handlerDecorator(decorator: string, kind: HandlerKind) {
  return (target: object, placement: Placement, descriptor?: PropertyDescriptor): void => {
    if (typeof placement === 'object') {
      // The type knows methods only; plain JavaScript may decorate anything.
      const { kind: placed } = placement as DecoratorContext;
      if (placed !== 'method' || placement.static) throw notAMethod(decorator, placement.name);
      const { access, metadata, name, private: isPrivate } = placement;
      if (metadata === undefined) {
        throw new EndpointError(
          'decorator_misused',
          `@${decorator}: the compiler gives decorators no metadata; import "@longwire/endpoint" before the class and use TypeScript ≥ 5.2 or esbuild ≥ 0.21`,
        );
      }
      declareHandler(metadata, { kind, name, isPrivate, read: (instance) => access.get(instance) });
      return;
    }
    // Under `experimentalDecorators` a static method's target is the class, a property has no descriptor.
    if (typeof target === 'function' || typeof descriptor?.value !== 'function') throw notAMethod(decorator, placement);
    const name = placement;
    const read = (instance: object): unknown => (instance as Record<string | symbol, unknown>)[name];
    declareHandler(metadataOfClass(target.constructor), { kind, name, isPrivate: false, read });
  };
}

/** Without parentheses, a decorator factory is called as the decorator. */
function assertNoArguments(decorator: string, given: readonly unknown[]): void {
  if (given.length > 0) throw withoutParentheses(decorator);
}

function withoutParentheses(decorator: string): EndpointError {
  return new EndpointError('decorator_misused', `write @${decorator}() with parentheses`);
}

function notAMethod(decorator: string, name: string | symbol): EndpointError {
  return new EndpointError('invalid_handler', `@${decorator} is for methods of an instance; "${String(name)}" is none`);
}
