// One call of a handler, between the hooks of an observer.
import type { HandlerKind } from '../declaring/handlers.js';
import { isThenable } from '../promises.js';
import type { Session } from '../session/session.js';
import type { GuardedObserver } from './observer.js';

/** Returns or throws what `call` does; a promise in its place settles as the handler's does, after the observer was notified. */
export function callObserved(
  { handlerStarted, handlerEnded, failed }: GuardedObserver,
  endpoint: string,
  session: Session,
  kind: HandlerKind,
  value: unknown,
  call: () => unknown,
): unknown {
  if (kind === 'error') failed?.(value, { endpoint, session, request: session.handshake, isHandled: true });
  const span = handlerStarted?.(session, kind);
  if (handlerEnded === undefined) return call();
  let result: unknown;
  let isPending: boolean;
  try {
    result = call();
    isPending = isThenable(result);
  } catch (error) {
    handlerEnded(session, kind, span, { error });
    throw error;
  }
  if (!isPending) {
    handlerEnded(session, kind, span, undefined);
    return result;
  }
  return Promise.resolve(result).then(
    (later) => {
      handlerEnded(session, kind, span, undefined);
      return later;
    },
    (error: unknown) => {
      handlerEnded(session, kind, span, { error });
      throw error;
    },
  );
}
