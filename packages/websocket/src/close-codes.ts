// The close codes of RFC 6455 §7.4.1 and the IANA registry, by name.

/** Close codes that WebSocket itself defines. Libraries and applications have 3000-4999 for theirs. */
export const WebSocketCloseCode = Object.freeze({
  normal: 1000,
  /** The server stops, or the page was left. */
  goingAway: 1001,
  protocolError: 1002,
  /** A type of message that the endpoint does not take: text or binary. */
  unsupportedData: 1003,
  /** The Close frame had no code. Reported, never sent (RFC 6455 §7.1.5). */
  noStatusReceived: 1005,
  /** The connection ended without a Close frame. Reported, never sent (RFC 6455 §7.1.5). */
  abnormalClosure: 1006,
  /** A payload that contradicts its type: text that is not UTF-8, a compressed message that cannot be inflated. */
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  /** The client needs an extension that the server did not accept. */
  mandatoryExtension: 1010,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  /** A gateway or proxy got an invalid answer from its upstream server. */
  badGateway: 1014,
  /** The TLS handshake failed. Reported, never sent. */
  tlsHandshake: 1015,
});

/** Codes for what RFC 6455 has none: the defaults of the options `heartbeatCloseCode` and `slowReaderCloseCode`. */
export const privateCloseCode = Object.freeze({
  heartbeatMissed: 4003,
  readerTooSlow: 4004,
});
