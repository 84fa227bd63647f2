// Endpoints whose message handlers are added while they run, as in Jakarta WebSocket's programmatic API.
import type { CloseReason } from '../session/close-reason.js';
import type { Session } from '../session/session.js';
import type { EndpointConfig } from './endpoint-options.js';
import type { HandlerResult } from './message-handler.js';

/**
 * The class to extend for an endpoint that chooses its message handlers session by session: `onOpen` adds them with
 * {@link Session.addMessageHandler}. Until a session has one for a kind of message, messages of that kind are dropped.
 * Declared with {@link defineEndpoint}; each connection gets its own instance.
 * ```ts
 * class Chat extends Endpoint {
 *   onOpen(session: Session) {
 *     session.addMessageHandler({ kind: 'text' }, (message) => `you said ${message}`);
 *   }
 * }
 * container.add(defineEndpoint('/chat', Chat));
 * ```
 */
export abstract class Endpoint<Path extends string = string> {
  /** The session is open; add its message handlers here. */
  abstract onOpen(session: Session<Path>, config: EndpointConfig<Path>): HandlerResult;
  /** The session has ended. Called exactly once, after everything else. */
  onClose?(session: Session<Path>, reason: CloseReason): HandlerResult;
  /** A handler failed, or the connection: see {@link EndpointHandlers}. */
  onError?(error: unknown, session: Session<Path>): HandlerResult;
}
