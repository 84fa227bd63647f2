// The WebSocket close codes that end a session, and what a client does after each.

/** Whether a client reconnects: with full jitter, after a new token from `getToken()`, or not at all. */
export type ReconnectRule = 'yes' | 'after-token' | 'no';

export interface CloseCodeDescription {
  readonly code: number;
  readonly name: string;
  readonly meaning: string;
  readonly reconnect: ReconnectRule;
}

/** Codes of this protocol, by name. RFC 6455 §7.4.2: 4000-4999 are for private use. */
export const CloseCode = Object.freeze({
  drain: 4000,
  restart: 4001,
  overload: 4002,
  heartbeatMissed: 4003,
  slow: 4004,
  tokenExpired: 4005,
  internal: 4006,
  noConnect: 4007,
  badToken: 4100,
  replaced: 4101,
  sessionLimit: 4102,
  revoked: 4103,
  protocolError: 4104,
  unsupportedVersion: 4105,
});
/** One of the codes 4000-4105 with which a server of this protocol closes. */
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** Codes of RFC 6455 §7.4.1 and the IANA registry that a session may end with, by name. */
export const StandardCloseCode = Object.freeze({
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  abnormalClosure: 1006,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  mandatoryExtension: 1010,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
});

// After these, a new connection would fail in the same way.
const finalCodes: readonly number[] = [
  StandardCloseCode.protocolError,
  StandardCloseCode.unsupportedData,
  StandardCloseCode.invalidPayload,
  StandardCloseCode.policyViolation,
  StandardCloseCode.messageTooBig,
  StandardCloseCode.mandatoryExtension,
];

/**
 * What a client does after a close with `code` that it did not ask for. It stops after 4100-4199 and a few codes of
 * RFC 6455; it reconnects after all others, including unknown ones.
 */
export function reconnectRule(code: number): ReconnectRule {
  if (code === CloseCode.tokenExpired) return 'after-token';
  return (code >= 4100 && code < 4200) || finalCodes.includes(code) ? 'no' : 'yes';
}

// Built by a pure call, so that a bundler can drop it with all its texts: the SDK does not use it.
/** Every code that a session may end with, ascending. */
export const closeCodes: readonly CloseCodeDescription[] = /* @__PURE__ */ (() =>
  Object.freeze([
    // A client does not reconnect after its own 1000: that depends on which side closed, not on the code.
    describe(StandardCloseCode.normal, 'normal', 'Closed on purpose'),
    describe(StandardCloseCode.goingAway, 'going_away', 'The server stops, or the page is left'),
    describe(StandardCloseCode.protocolError, 'websocket_protocol_error', 'The client violated RFC 6455'),
    describe(StandardCloseCode.unsupportedData, 'unsupported_data', 'A binary message; this protocol has none'),
    describe(StandardCloseCode.abnormalClosure, 'abnormal_closure', 'The connection ended without a close frame'),
    describe(StandardCloseCode.invalidPayload, 'invalid_payload', 'A text that is not UTF-8'),
    describe(StandardCloseCode.policyViolation, 'policy_violation', 'The client exceeded a limit of the connection'),
    describe(StandardCloseCode.messageTooBig, 'message_too_big', 'A message larger than `limits.commandBytes`'),
    describe(
      StandardCloseCode.mandatoryExtension,
      'mandatory_extension',
      'The client requires an extension that the server does not have',
    ),
    describe(StandardCloseCode.internalError, 'internal_error', 'The server met an unexpected condition'),
    describe(StandardCloseCode.serviceRestart, 'service_restart', 'The server restarts'),
    describe(StandardCloseCode.tryAgainLater, 'try_again_later', 'The server is overloaded'),
    describe(CloseCode.drain, 'drain', 'The server is being emptied'),
    describe(CloseCode.restart, 'restart', 'The server stops or restarts'),
    describe(CloseCode.overload, 'overload', 'The server has no capacity for this session now'),
    describe(CloseCode.heartbeatMissed, 'heartbeat_missed', 'The server received nothing from the client for too long'),
    describe(
      CloseCode.slow,
      'slow',
      'The client reads too slowly, or has too large a part of what waits for all clients',
    ),
    describe(CloseCode.tokenExpired, 'token_expired', 'The token expired and was not refreshed'),
    describe(CloseCode.internal, 'internal', 'The session failed inside the server'),
    describe(CloseCode.noConnect, 'no_connect', 'No `connect` was received in time'),
    describe(CloseCode.badToken, 'bad_token', 'The credentials are missing, wrong, or name two users'),
    describe(CloseCode.replaced, 'replaced', 'A newer session replaced this one'),
    describe(CloseCode.sessionLimit, 'session_limit', 'The user has as many sessions as allowed'),
    describe(CloseCode.revoked, 'revoked', 'The right to connect was withdrawn'),
    describe(CloseCode.protocolError, 'protocol_error', 'The client violated this protocol'),
    describe(CloseCode.unsupportedVersion, 'unsupported_version', 'The server does not support this version'),
  ]))();

function describe(code: number, name: string, meaning: string): CloseCodeDescription {
  return Object.freeze({ code, name, meaning, reconnect: reconnectRule(code) });
}
