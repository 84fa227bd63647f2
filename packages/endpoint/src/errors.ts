// The errors of this package. Codes are never renamed or reused.
import { WebSocketCloseCode } from '@longwire/websocket';

interface CatalogueRow {
  /** True when the same act may succeed later. */
  readonly retryable: boolean;
  /** Close code that the peer gets (RFC 6455 §7.4) when a session ends because of this error and nothing else. */
  readonly closeCode?: number;
  readonly meaning: string;
}

function row(meaning: string, closeCode?: number): CatalogueRow {
  return Object.freeze({ retryable: false, ...(closeCode === undefined ? {} : { closeCode }), meaning });
}

/** What can go wrong with a declaration, a session or the container, by code. */
export const endpointErrorCatalogue = Object.freeze({
  // Declarations and arguments.
  invalid_template: row('A path template is not a Level 1 URI template of whole segments.'),
  duplicate_path: row('Two endpoints of one container match the same paths.'),
  duplicate_handler: row('Two handlers of one endpoint are for the same kind of event.'),
  invalid_handler: row('A handler is not a method or a function.'),
  unknown_option: row('An option has a name that does not exist.'),
  invalid_option: row('An option or argument is out of its range or of another type.'),
  not_an_endpoint: row('The value is not an endpoint declaration.'),
  not_a_server: row('The value given to attach is not an http server.'),
  constructor_needs_arguments: row(
    'An endpoint class cannot be constructed without arguments, and there is no createInstance.',
  ),
  decorator_misused: row('A decorator is used without parentheses, or on something it is not for.'),
  missing_handler: row('A class is declared as an endpoint, and none of its members is a handler.'),
  missing_decoder: row('A handler for objects is declared without a decoder.'),
  invalid_codec: row('A decoder or encoder lacks a function it must have, or the check of jsonDecoder is not usable.'),
  // Sessions and their messages.
  invalid_result: row('A message handler returned a value that is not a message and that no encoder takes.'),
  invalid_message: row('The value to be sent is neither text nor bytes.'),
  invalid_instance: row(
    'createInstance returned no object, or one that lacks a handler of the endpoint.',
    WebSocketCloseCode.internalError,
  ),
  invalid_principal: row('authenticate returned neither a principal nor a refusal.'),
  decode_failed: row('A decoder failed, or no decoder and no other handler takes the message.'),
  encode_failed: row('An encoder failed, or no encoder takes the object.'),
  stream_failed: row('The source of a streamed message failed before its end.', WebSocketCloseCode.internalError),
  session_ended: row('A send was attempted on a session that has ended.'),
  // Handshakes, connections, scans.
  connect_failed: row('A client endpoint could not connect; the cause says why and whether to try again.'),
  handshake_timeout: row('A configurator hook did not finish within handshakeTimeoutMs.'),
  scan_failed: row('A folder or module with endpoints could not be loaded; nothing of the scan was added.'),
});

export type EndpointErrorCode = keyof typeof endpointErrorCatalogue;

interface EndpointErrorDetails extends ErrorOptions {
  readonly received?: string | Uint8Array;
}

/**
 * An error of a declaration (thrown where it is declared) or of a session (passed to its error handler). Branch on
 * `code`, which is stable; `message` is for people. Repeating the same act does not help, so `retryable` is false; for
 * `connect_failed` the cause, a WebSocketError, has its own `retryable`.
 */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
  readonly code: EndpointErrorCode;
  readonly retryable: boolean;
  /** The message that could not be decoded, for `decode_failed`. */
  readonly received: string | Uint8Array | undefined;

  constructor(code: EndpointErrorCode, message: string, details?: EndpointErrorDetails) {
    // Passed on whole: a program may throw undefined, and `cause` is there then as well.
    super(message, details);
    this.code = code;
    this.retryable = endpointErrorCatalogue[code].retryable;
    this.received = details?.received;
  }
}
