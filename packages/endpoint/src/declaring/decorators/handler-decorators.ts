// @OnOpen, @OnMessage, @OnClose and @OnError, for TC39 decorators and for `experimentalDecorators`: one function, both
// call shapes.
import type { CloseReason } from '@longwire/websocket';
import { EndpointError } from '../../errors.js';
import { refuseUnknownNames } from '../../known-names.js';
import type { Session } from '../../session/session.js';
import type { HandlerKind, HandlerResult, MessageResult } from '../handlers.js';
import { declareHandler, metadataOfClass } from './endpoint-metadata.js';

// Fits `Session<'…'>` of every template as an argument; the class decorator then checks which template it is.
type AnySession = Session<never>;

/** A method decorator that accepts methods of the shape `Handler` only. */
export interface HandlerDecorator<Handler extends (...parameters: never[]) => unknown> {
  (method: Handler, context: ClassMethodDecoratorContext): void;
  <Method extends Handler>(prototype: object, name: string | symbol, descriptor: TypedPropertyDescriptor<Method>): void;
}

export type OnOpenMethod = (session: AnySession) => HandlerResult;
export type OnTextMethod = (message: string, session: AnySession) => MessageResult;
export type OnBinaryMethod = (data: Uint8Array, session: AnySession) => MessageResult;
export type OnPongMethod = (payload: Uint8Array, session: AnySession) => HandlerResult;
export type OnCloseMethod = (session: AnySession, reason: CloseReason) => HandlerResult;
export type OnErrorMethod = (error: unknown, session: AnySession) => HandlerResult;

/** Calls the method when a session has opened, before its first message: `open(session)`. */
export function OnOpen(...nothing: never[]): HandlerDecorator<OnOpenMethod> {
  refuseArguments('OnOpen', nothing);
  return handlerDecorator('OnOpen', 'open');
}

/**
 * Calls the method with every message of one kind: `text(message, session)` (the default), `bytes(data, session)` for
 * `{ kind: 'binary' }`, `pong(payload, session)` for `{ kind: 'pong' }`. What a text or binary handler returns, or its
 * promise resolves with, is sent.
 */
export function OnMessage(options?: { readonly kind?: 'text' }): HandlerDecorator<OnTextMethod>;
export function OnMessage(options: { readonly kind: 'binary' }): HandlerDecorator<OnBinaryMethod>;
export function OnMessage(options: { readonly kind: 'pong' }): HandlerDecorator<OnPongMethod>;
export function OnMessage(
  options: { readonly kind?: 'text' | 'binary' | 'pong' } = {},
  ...nothing: never[]
): HandlerDecorator<(...parameters: never[]) => unknown> {
  refuseArguments('OnMessage', nothing);
  if (typeof options !== 'object' || options === null) throw withoutParentheses('OnMessage');
  refuseUnknownNames(options, ['kind'], '@OnMessage');
  const kind = options.kind ?? 'text';
  if (kind !== 'text' && kind !== 'binary' && kind !== 'pong') {
    throw new EndpointError(
      'INVALID_OPTION',
      `@OnMessage: kind is "text", "binary" or "pong", not ${JSON.stringify(kind)}`,
    );
  }
  return handlerDecorator('OnMessage', kind);
}

/** Calls the method when a session has ended, exactly once and last: `closed(session, reason)`. */
export function OnClose(...nothing: never[]): HandlerDecorator<OnCloseMethod> {
  refuseArguments('OnClose', nothing);
  return handlerDecorator('OnClose', 'close');
}

/**
 * Calls the method with what a handler threw, with protocol and connection errors, and with sends after the end:
 * `failed(error, session)`.
 */
export function OnError(...nothing: never[]): HandlerDecorator<OnErrorMethod> {
  refuseArguments('OnError', nothing);
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
          'DECORATOR_MISUSED',
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
function refuseArguments(decorator: string, given: readonly unknown[]): void {
  if (given.length > 0) throw withoutParentheses(decorator);
}

function withoutParentheses(decorator: string): EndpointError {
  return new EndpointError('DECORATOR_MISUSED', `write @${decorator}() with parentheses`);
}

function notAMethod(decorator: string, name: string | symbol): EndpointError {
  return new EndpointError('INVALID_HANDLER', `@${decorator} is for methods of an instance; "${String(name)}" is none`);
}
