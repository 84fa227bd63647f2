// The faults this package reports. Codes are never renamed or reused.

/** What can go wrong with a declaration, a session or the container, by code. */
export const endpointErrorCatalogue = {
  INVALID_TEMPLATE: 'A path template is not a Level 1 URI template of whole segments.',
  DUPLICATE_PATH: 'Two endpoints of one container would answer the same paths.',
  DUPLICATE_HANDLER: 'Two handlers of one endpoint are for the same kind of event.',
  INVALID_HANDLER: 'A handler is not a method or function that can be called.',
  UNKNOWN_OPTION: 'An option has a name that does not exist.',
  INVALID_OPTION: 'An option has a value outside its range or of another type.',
  NOT_AN_ENDPOINT: 'What was given to the container is no endpoint declaration.',
  NOT_A_SERVER: 'What was given to attach is no http server.',
  CONSTRUCTOR_NEEDS_ARGUMENTS:
    'An endpoint class cannot be constructed without arguments, and no createInstance is given.',
  DECORATOR_MISUSED: 'A decorator was applied to something it is not for, or without parentheses.',
  MISSING_HANDLER: 'A class was declared as an endpoint, and none of its members is a handler.',
  MISSING_DECODER: 'A handler for objects was declared without a decoder that could make one.',
  INVALID_CODEC: 'A decoder or encoder lacks a function it must have, or a check is none.',
  INVALID_RESULT: 'A message handler returned something that neither is a message nor has an encoder.',
  INVALID_MESSAGE: 'Something that is neither text nor bytes was to be sent.',
  INVALID_INSTANCE: 'createInstance gave something that is no object, or that lacks a handler of the endpoint.',
  INVALID_PRINCIPAL: 'authenticate gave neither a principal, a refusal nor undefined.',
  DECODE_FAILED: 'A decoder failed, or none takes the message and no other handler does.',
  ENCODE_FAILED: 'An encoder failed, or none takes the object.',
  STREAM_FAILED: 'The source of a streamed message failed before its end.',
  SESSION_ENDED: 'Something was to be sent on a session that has ended.',
  CONNECT_FAILED: 'A client endpoint could not connect; the cause says why and whether to try again.',
  HANDSHAKE_TIMEOUT: 'A configurator hook did not finish within the time for a handshake.',
  SCAN_FAILED: 'A folder or module with endpoints could not be loaded; nothing of the scan was added.',
} as const;

export type EndpointErrorCode = keyof typeof endpointErrorCatalogue;

interface EndpointErrorDetails extends ErrorOptions {
  readonly received?: string | Uint8Array;
}

/**
 * A fault of a declaration (thrown where it is declared) or of a session (handed to its error handler).
 * `code` is stable and made for branching; `message` is made for people. None of these is worth repeating unchanged,
 * so `retryable` is always false; of CONNECT_FAILED the cause, a WebSocketError, says for itself.
 */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
  readonly code: EndpointErrorCode;
  readonly retryable = false;
  /** The message that could not be decoded, for DECODE_FAILED. */
  readonly received: string | Uint8Array | undefined;

  constructor(code: EndpointErrorCode, message: string, options?: EndpointErrorDetails) {
    super(message, options);
    this.code = code;
    this.received = options?.received;
  }
}
