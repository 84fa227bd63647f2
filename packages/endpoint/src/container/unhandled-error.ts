// Where faults go that no error handler of an endpoint took.
import { inspect } from 'node:util';
import type { HandlerKind } from '../declaring/handlers.js';
import type { HandshakeRequest } from '../handshake/handshake-request.js';
import type { Session } from '../session/session.js';
import { warn } from '../warnings.js';

export interface UnhandledErrorContext {
  /**
   * What was going on: a hook of the handshake, the making of an instance, one of the handlers (`error` is the error
   * handler itself), or something outside of handlers: `session` (the connection broke, the peer broke the protocol, a
   * send after the end), `reconnect` (what a client endpoint's `shouldReconnect` threw), `observer` (one of its hooks).
   */
  readonly during: 'handshake' | 'instance' | HandlerKind | 'session' | 'reconnect' | 'observer';
  /** Name of the endpoint. */
  readonly endpoint: string;
  /** Undefined during the handshake, when there is none yet. */
  readonly session: Session | undefined;
  readonly request: HandshakeRequest;
}

export type UnhandledErrorCallback = (error: unknown, context: UnhandledErrorContext) => void | PromiseLike<void>;

/**
 * The reporter of a container: calls `callback`, and survives it. Without a callback, faults of the program become
 * process warnings; those of peers and networks (`session`) are everyday events and reach OnClose as its reason.
 */
export function unhandledErrorReporter(
  callback: UnhandledErrorCallback | undefined,
): (error: unknown, context: UnhandledErrorContext) => void {
  if (callback === undefined) {
    return (error, context) => {
      if (context.during !== 'session')
        warn(`unhandled error during ${context.during} of endpoint ${context.endpoint}: ${inspect(error)}`);
    };
  }
  const failed = (error: unknown): void => warn(`onUnhandledError itself failed: ${inspect(error)}`);
  return (error, context) => {
    try {
      Promise.resolve(callback(error, context)).catch(failed);
    } catch (failure) {
      failed(failure);
    }
  };
}
