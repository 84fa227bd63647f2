// WebSocket close codes that end a session, and what a client does after each.

/** What a client does: come back with full jitter, come back after `getToken()`, or stop and tell the app. */
export type ReconnectRule = 'yes' | 'after-token' | 'no';

export interface CloseCodeDescription {
  readonly code: number;
  readonly name: string;
  readonly meaning: string;
  readonly reconnect: ReconnectRule;
}

/** Codes of this protocol, by name. RFC 6455 §7.4.2: 4000-4999 are private use. */
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
/** One of the codes 4000-4105 that a server of this protocol closes with. */
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

// RFC 6455 §7.4.1: what one of the two sides does wrong it would do again.
const HOPELESS: readonly number[] = [1002, 1003, 1007, 1008, 1009, 1010];

/**
 * What to do after a close with `code` that the client did not ask for: 4100-4199 stop, and so do a few of RFC 6455;
 * all else comes back, codes that nobody knows included.
 */
export function reconnectRule(code: number): ReconnectRule {
  if (code === CloseCode.tokenExpired) return 'after-token';
  return (code >= 4100 && code < 4200) || HOPELESS.includes(code) ? 'no' : 'yes';
}

// Made by a call that a bundler may leave out, with all its texts, where nobody reads them: the SDK does not.
/** Every code that has a meaning, ascending: those of RFC 6455 §7.4.1 and those of this protocol. */
export const closeCodes: readonly CloseCodeDescription[] = /* @__PURE__ */ (() =>
  Object.freeze([
    // After its own 1000 a client does not come back; that is decided by who closed, not by the code.
    describe(1000, 'normal', 'Closed on purpose'),
    describe(1001, 'going_away', 'The server or the page goes away'),
    describe(1002, 'websocket_protocol_error', 'What was sent breaks RFC 6455'),
    describe(1003, 'unsupported_data', 'A binary message, which this protocol does not have'),
    describe(1006, 'abnormal', 'The connection ended without a close frame'),
    describe(1007, 'invalid_payload', 'Text that is not UTF-8'),
    describe(1008, 'policy', 'A limit of the connection was broken'),
    describe(1009, 'message_too_big', 'A message larger than `limits.commandBytes`'),
    describe(1010, 'missing_extension', 'The client required an extension that the server has not'),
    describe(1011, 'server_error', 'The server met a condition it did not expect'),
    describe(1012, 'service_restart', 'The server restarts'),
    describe(1013, 'try_again_later', 'The server is overloaded'),
    describe(CloseCode.drain, 'drain', 'The server is being emptied'),
    describe(CloseCode.restart, 'restart', 'The server stops or restarts'),
    describe(CloseCode.overload, 'overload', 'The server has no room for this session now'),
    describe(CloseCode.heartbeatMissed, 'heartbeat_missed', 'Nothing was heard from the client for too long'),
    describe(CloseCode.slow, 'slow', 'The client reads too slowly'),
    describe(CloseCode.tokenExpired, 'token_expired', 'The token ran out and was not refreshed'),
    describe(CloseCode.internal, 'internal', 'The session failed inside the server'),
    describe(CloseCode.noConnect, 'no_connect', 'No `connect` came in time'),
    describe(CloseCode.badToken, 'bad_token', 'The credentials are missing, wrong, or name two users'),
    describe(CloseCode.replaced, 'replaced', 'A newer session took the place of this one'),
    describe(CloseCode.sessionLimit, 'session_limit', 'The user has as many sessions as allowed'),
    describe(CloseCode.revoked, 'revoked', 'The right to be here was withdrawn'),
    describe(CloseCode.protocolError, 'protocol_error', 'The client does not keep to this protocol'),
    describe(CloseCode.unsupportedVersion, 'unsupported_version', 'The server does not speak this version'),
  ]))();

function describe(code: number, name: string, meaning: string): CloseCodeDescription {
  return Object.freeze({ code, name, meaning, reconnect: reconnectRule(code) });
}
