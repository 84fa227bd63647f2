// The states of the connection, as reported to the app.

/**
 * - `disconnected`: no connection; `willReconnect` says whether the client reconnects by itself
 * - `connecting`: a connection is being made, until the sign-in
 * - `connected`: signed in
 * - `closed`: ended by `close()`, for good
 */
export type ConnectionState = 'disconnected' | 'connecting' | 'connected' | 'closed';

/** One change of the state. */
export interface ConnectionStateChange {
  readonly state: ConnectionState;
  readonly previous: ConnectionState;
  /** The close code of a `disconnected` (1006 without a close frame); undefined if no connection ended. */
  readonly code: number | undefined;
  /** For people. */
  readonly reason: string;
  /** Whether the client will be `connected` without a call of the app. True while it is connecting or connected. */
  readonly willReconnect: boolean;
  /** With `disconnected`: milliseconds until the next attempt. */
  readonly retryInMs?: number | undefined;
}
