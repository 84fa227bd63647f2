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

/** Every code that has a rule, ascending: those of RFC 6455 §7.4.1 and those of this protocol. */
export const closeCodes: readonly CloseCodeDescription[] = Object.freeze([
  // After its own 1000 a client does not come back; that is decided by who closed, not by the code.
  describe(1000, 'normal', 'Closed on purpose', 'yes'),
  describe(1001, 'going_away', 'The server or the page goes away', 'yes'),
  describe(1002, 'websocket_protocol_error', 'What was sent breaks RFC 6455', 'no'),
  describe(1003, 'unsupported_data', 'A binary message, which this protocol does not have', 'no'),
  describe(1006, 'abnormal', 'The connection ended without a close frame', 'yes'),
  describe(1007, 'invalid_payload', 'Text that is not UTF-8', 'no'),
  describe(1008, 'policy', 'A limit of the connection was broken', 'no'),
  describe(1009, 'message_too_big', 'A message larger than `limits.commandBytes`', 'no'),
  describe(1010, 'missing_extension', 'The client required an extension that the server has not', 'no'),
  describe(1011, 'server_error', 'The server met a condition it did not expect', 'yes'),
  describe(1012, 'service_restart', 'The server restarts', 'yes'),
  describe(1013, 'try_again_later', 'The server is overloaded', 'yes'),
  describe(CloseCode.drain, 'drain', 'The server is being emptied', 'yes'),
  describe(CloseCode.restart, 'restart', 'The server stops or restarts', 'yes'),
  describe(CloseCode.overload, 'overload', 'The server has no room for this session now', 'yes'),
  describe(CloseCode.heartbeatMissed, 'heartbeat_missed', 'Nothing was heard from the client for too long', 'yes'),
  describe(CloseCode.slow, 'slow', 'The client reads too slowly', 'yes'),
  describe(CloseCode.tokenExpired, 'token_expired', 'The token ran out and was not refreshed', 'after-token'),
  describe(CloseCode.internal, 'internal', 'The session failed inside the server', 'yes'),
  describe(CloseCode.noConnect, 'no_connect', 'No `connect` came in time', 'yes'),
  describe(CloseCode.badToken, 'bad_token', 'The credentials are missing, wrong, or name two users', 'no'),
  describe(CloseCode.replaced, 'replaced', 'A newer session took the place of this one', 'no'),
  describe(CloseCode.sessionLimit, 'session_limit', 'The user has as many sessions as allowed', 'no'),
  describe(CloseCode.revoked, 'revoked', 'The right to be here was withdrawn', 'no'),
  describe(CloseCode.protocolError, 'protocol_error', 'The client does not keep to this protocol', 'no'),
  describe(CloseCode.unsupportedVersion, 'unsupported_version', 'The server does not speak this version', 'no'),
]);

/**
 * What to do after a close with `code` that the client did not ask for.
 * A code without a row: 4100-4199 stop, as their neighbours do; all else comes back.
 */
export function reconnectRule(code: number): ReconnectRule {
  for (const row of closeCodes) if (row.code === code) return row.reconnect;
  return code >= 4100 && code < 4200 ? 'no' : 'yes';
}

function describe(code: number, name: string, meaning: string, reconnect: ReconnectRule): CloseCodeDescription {
  return Object.freeze({ code, name, meaning, reconnect });
}
