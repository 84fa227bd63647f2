// One call of a handler, between the hooks of an observer.
import type { HandlerKind } from '../declaring/handlers.js';
import { isThenable } from '../messages/awaiting.js';
import type { Session } from '../session/session.js';
import type { GuardedObserver } from './observer.js';

/** Returns or throws what `run` does; a promise in its place settles as the handler's does, after the observer was told. */
export function runObserved(
  { handlerStarted, handlerEnded }: GuardedObserver,
  session: Session,
  kind: HandlerKind,
  run: () => unknown,
): unknown {
  const span = handlerStarted?.(session, kind);
  if (handlerEnded === undefined) return run();
  let result: unknown;
  let isPending: boolean;
  try {
    result = run();
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
