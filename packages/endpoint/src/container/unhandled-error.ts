// Where faults go that no error handler of an endpoint took.
import { inspect } from 'node:util';
import { WebSocketError, type WebSocketErrorCode } from '@longwire/websocket';
import type { HandlerKind } from '../declaring/handlers.js';
import { EndpointError } from '../errors.js';
import type { HandshakeRequest } from '../handshake/handshake-request.js';
import { kindOf } from '../option-checks.js';
import type { Session } from '../session/session.js';
import { type WarningsOnce, warn } from '../warnings.js';

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

export type ReportUnhandled = (error: unknown, context: UnhandledErrorContext) => void;

/** The reporter of a container: calls `callback`, and survives it. */
export function unhandledErrorReporter(
  callback: UnhandledErrorCallback | undefined,
  warnings: WarningsOnce,
): ReportUnhandled {
  if (callback === undefined) return warningReporter(warnings);
  const failed = (error: unknown): void => warn(`onUnhandledError itself failed: ${inspect(error)}`);
  return (error, context) => {
    try {
      Promise.resolve(callback(error, context)).catch(failed);
    } catch (failure) {
      failed(failure);
    }
  };
}

/**
 * Without a callback, errors of the program become warnings: those that end a session or a handshake each time, those
 * outside of handlers (`session`) once per endpoint and kind. What peers and networks do, and a send after the end, are
 * everyday events and not reported; `onClose` gets them as its reason.
 */
function warningReporter(warnings: WarningsOnce): ReportUnhandled {
  return (error, { during, endpoint }) => {
    if (during !== 'session') {
      warn(`unhandled error during ${during} of endpoint ${endpoint}: ${inspect(error)}`);
    } else if (!isEveryday(error)) {
      warnings.once('program_error', `${endpoint} ${kindOfError(error)}`, () => {
        const once = `endpoint ${endpoint} has no onError, so this kind of error is shown once`;
        return { message: `${once}: ${inspect(error)}`, endpoint };
      });
    }
  };
}

// The engine's errors of its caller; all others are what peers and networks do.
const callerErrors: readonly WebSocketErrorCode[] = ['invalid_close_code', 'invalid_close_reason', 'invalid_payload'];

function isEveryday(error: unknown): boolean {
  if (error instanceof WebSocketError) return !callerErrors.includes(error.code);
  return error instanceof EndpointError && error.code === 'session_ended';
}

function kindOfError(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : kindOf(error);
}
