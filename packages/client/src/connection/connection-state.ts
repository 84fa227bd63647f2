// The states of the connection as the app sees them.

/**
 * - `disconnected`: there is no connection; `willReconnect` tells whether the client comes back by itself
 * - `connecting`: a connection is being made, up to the sign-in
 * - `connected`: signed in
 * - `closed`: ended by `close()`, for good
 */
export type ConnectionState = 'disconnected' | 'connecting' | 'connected' | 'closed';

/** One change of the state. */
export interface ConnectionStateChange {
  readonly state: ConnectionState;
  readonly previous: ConnectionState;
  /** The close code behind a `disconnected` (1006 if no close came); undefined if no connection ended. */
  readonly code: number | undefined;
  /** For people. */
  readonly reason: string;
  /** Whether the client will be `connected` again without being asked. True while it is connecting or connected. */
  readonly willReconnect: boolean;
  /** With `disconnected`: milliseconds until the next attempt. */
  readonly retryInMs?: number | undefined;
}
