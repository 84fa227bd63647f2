// Every bound of the protocol under one name, with its unit.

/** What a server grants a session and tells it in `connected.limits`. */
export interface SessionLimits {
  /** JSON text of a `body` as received, or the decoded `bytes`, in bytes. */
  readonly bodyBytes: number;
  /** One command: the whole text message, in bytes. */
  readonly commandBytes: number;
  /** Commands without answer at one time; beyond it the server does not read the socket. */
  readonly inFlight: number;
  readonly subscriptions: number;
  readonly watches: number;
  /** Newest entries of the server of which the idempotency keys are recognised without `since`. */
  readonly keyWindow: number;
}

/** The limits of a server that configures nothing else. */
export const defaultSessionLimits: SessionLimits = Object.freeze({
  bodyBytes: 65_536,
  commandBytes: 131_072,
  inFlight: 64,
  subscriptions: 1000,
  watches: 1000,
  keyWindow: 262_144,
});

/** Bounds that belong to the grammar and are the same on every server. */
export const fieldLimits = Object.freeze({
  /** A user, device or group id. */
  nameBytes: 128,
  /** The `id` of a command, if it is a string. */
  commandIdBytes: 64,
  epochBytes: 64,
  /** Idempotency key of a `send`. */
  keyBytes: 128,
  slotBytes: 128,
  contentTypeBytes: 255,
  /** Pairs in `headers`. */
  headerPairs: 32,
  /** All names and values of `headers` together. */
  headerBytes: 4096,
  tokenBytes: 16_384,
  /** `name` and `version` of `connect.client`, each. */
  clientTextBytes: 64,
  /** Addresses in `cursors`, in `connect` and in `ack`. */
  cursors: 500,
  topicLevels: 16,
  topicLevelBytes: 64,
  /** Arrays and objects inside one another in a `body`; the command around it is one more. */
  bodyDepth: 64,
  /** Entries or channels in one page. */
  pageItems: 200,
  defaultPageItems: 50,
  /** JSON text of one page, in bytes; its first entry may exceed it alone. */
  pageBytes: 262_144,
});

/** Times of the protocol, in milliseconds, and the one count that goes with them. */
export const protocolTimes = Object.freeze({
  /** From the upgrade to the first `connect`; then close 4007. */
  connectTimeoutMs: 10_000,
  /** Default of `connected.heartbeatMs`. */
  heartbeatMs: 25_000,
  /** How long a client waits for the answer to its `ping` before it reconnects. */
  pingAnswerTimeoutMs: 10_000,
  /** A client acks what the app has taken after this time, or … */
  ackAfterMs: 2000,
  /** … after this many entries, whichever comes first. */
  ackAfterEntries: 100,
});
