// The hooks for metrics and tracing: what a program may watch, and how it is kept from hurting.
import type { MessageKind } from '@longwire/websocket';
import type { UnhandledErrorContext } from '../container/unhandled-error.js';
import type { HandlerKind } from '../declaring/handlers.js';
import type { HandshakeRequest } from '../handshake/handshake-request.js';
import { isThenable } from '../promises.js';
import type { CloseReason } from '../session/close-reason.js';
import type { Session } from '../session/session.js';

/** Whose fault is reported to an observer. */
export interface FaultContext {
  /** Name of the endpoint. */
  readonly endpoint: string;
  /** Undefined during the handshake. */
  readonly session: Session | undefined;
  readonly request: HandshakeRequest;
  /** True: it goes to the endpoint's error handler. False: to `onUnhandledError`. */
  readonly isHandled: boolean;
}

/**
 * What goes on in a container, for metrics and tracing: `new EndpointContainer({ observer })`. Every hook is optional;
 * one that is absent costs nothing. They are called where it happens and must be quick. A hook that throws or rejects
 * has no effect on sessions: its first fault goes to `onUnhandledError` (during `observer`), the others nowhere.
 * @typeParam Span  what `handlerStarted` gives and `handlerEnded` gets back, such as a span of a tracer
 */
export interface ContainerObserver<Span = unknown> {
  /** A request came to an endpoint. `handshakeRefused`, `sessionOpened`, or, if the client goes away, neither follows. */
  handshakeStarted?(request: HandshakeRequest, endpoint: string): void;
  /** `status` of HTTP, or the close code, from 1000 on, of a connection that was accepted only to be closed. */
  handshakeRefused?(request: HandshakeRequest, status: number, endpoint: string): void;
  /** Before `onOpen`; for client sessions as well. */
  sessionOpened?(session: Session): void;
  /** A whole message has come, or the last part of one; bytes of its payload after inflating. Before its handler. */
  messageReceived?(session: Session, kind: MessageKind, bytes: number): void;
  /** A message was queued, or the last part of one; bytes of its payload before compression. */
  messageSent?(session: Session, kind: MessageKind, bytes: number): void;
  /** A handler is called. For decoded objects `kind` is that of the message. */
  handlerStarted?(session: Session, kind: HandlerKind): Span;
  /** And has returned, or its promise has settled; `failure` when it threw or rejected. */
  handlerEnded?(
    session: Session,
    kind: HandlerKind,
    span: Span,
    failure: { readonly error: unknown } | undefined,
  ): void;
  /** The connection is over. Exactly once for each session, before its `onClose`. */
  sessionClosed?(session: Session, reason: CloseReason): void;
  /** Every fault, once, wherever it goes. */
  failed?(error: unknown, context: FaultContext): void;
}

const hookNames = [
  'handshakeStarted',
  'handshakeRefused',
  'sessionOpened',
  'messageReceived',
  'messageSent',
  'handlerStarted',
  'handlerEnded',
  'sessionClosed',
  'failed',
] as const satisfies readonly (keyof ContainerObserver)[];

/** The names of all hooks. */
export const observerHookNames: readonly (keyof ContainerObserver)[] = hookNames;

/** An observer none of whose hooks throws; undefined are those that it does not have. */
export type GuardedObserver = {
  readonly [Hook in keyof Required<ContainerObserver>]: ContainerObserver[Hook];
};

type Report = (error: unknown, context: UnhandledErrorContext) => void;

/** @param report  never throws, and notifies no observer */
export function guardObserver(observer: ContainerObserver, report: Report): GuardedObserver {
  const guarded = Object.fromEntries(hookNames.map((name) => [name, guardHook(observer, name, report)]));
  return Object.freeze(guarded) as GuardedObserver;
}

function guardHook(observer: ContainerObserver, name: keyof ContainerObserver, report: Report): unknown {
  const hook = observer[name] as ((...given: unknown[]) => unknown) | undefined;
  if (hook === undefined) return undefined;
  let hasFailed = false;
  const failed = (error: unknown, given: readonly unknown[]): void => {
    if (hasFailed) return;
    hasFailed = true;
    report(error, contextOf(name, given));
  };
  return (...given: unknown[]): unknown => {
    try {
      const result = Reflect.apply(hook, observer, given);
      if (isThenable(result)) Promise.resolve(result).catch((error: unknown) => failed(error, given));
      return result;
    } catch (error) {
      failed(error, given);
      return undefined;
    }
  };
}

function contextOf(name: keyof ContainerObserver, given: readonly unknown[]): UnhandledErrorContext {
  switch (name) {
    case 'handshakeStarted':
    case 'handshakeRefused':
      return {
        during: 'observer',
        endpoint: String(given.at(-1)),
        session: undefined,
        request: given[0] as HandshakeRequest,
      };
    case 'failed': {
      const { endpoint, session, request } = given[1] as FaultContext;
      return { during: 'observer', endpoint, session, request };
    }
    default: {
      const session = given[0] as Session;
      return { during: 'observer', endpoint: session.template, session, request: session.handshake };
    }
  }
}
