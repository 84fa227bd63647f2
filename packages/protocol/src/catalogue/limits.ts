// Every limit of the protocol, with its unit in its name.

/** The limits of one session, as `connected.limits` reports them. */
export interface SessionLimits {
  /** JSON text of a `body` as received, or the decoded `bytes`, in bytes. */
  readonly bodyBytes: number;
  /** One command: the whole text message, in bytes. */
  readonly commandBytes: number;
  /** Unanswered commands at one time. At this number the server stops reading the socket. */
  readonly inFlight: number;
  /** Number of the server's newest entries whose idempotency keys are recognised without `since`. */
  readonly keyWindow: number;
  /** Users that the session may watch. */
  readonly watches: number;
}

/** The limits of a server with the default configuration. */
export const defaultSessionLimits: SessionLimits = Object.freeze({
  bodyBytes: 65_536,
  commandBytes: 131_072,
  inFlight: 64,
  keyWindow: 262_144,
  watches: 1000,
});

/** Limits that are part of the grammar, the same on every server. */
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
  /** `name` of a `signal`. */
  signalNameBytes: 32,
  /** JSON text of `data` in a `signal`. */
  signalDataBytes: 1024,
  /** Pairs in `headers`. */
  headerPairs: 32,
  /** All names and values of `headers`, in total. */
  headerBytes: 4096,
  tokenBytes: 16_384,
  /** `name` and `version` of `connect.client`, each. */
  clientTextBytes: 64,
  /** Addresses in `cursors`, in `connect` and in `ack`. */
  cursors: 500,
  /** The name of a topic: its address after `topic/`. */
  topicBytes: 1024,
  topicLevels: 32,
  /** One level as written, with its escapes. */
  topicLevelBytes: 255,
  /** Users in one `presence`, `watch` or `unwatch`. */
  presenceUsers: 100,
  /** Users in one `users`. */
  profileUsers: 100,
  /** Users in one answer to `users.search`. */
  foundUsers: 20,
  /** `name` of a user, and `prefix` of `users.search`. */
  profileNameCharacters: 128,
  /** `picture` of a user: a URL of ASCII characters. */
  profilePictureBytes: 1000,
  /** Nested arrays and objects in a `body`; the command around it is one more level. */
  bodyDepth: 64,
  /** Different reactions to one message. */
  messageReactions: 50,
  /** Users listed in one reaction; its `count` counts all. */
  reactionUsers: 20,
  /** `title` of a group. */
  groupTitleCharacters: 200,
  groupDescriptionCharacters: 2000,
  groupPictureCharacters: 2000,
  /** JSON text of `metadata` of a group. */
  groupMetadataBytes: 4096,
  /** `users` in one command of groups. */
  groupUsers: 200,
  /** Entries or channels in one page. */
  pageItems: 200,
  defaultPageItems: 50,
  /** JSON text of one page, in bytes. A first entry larger than that is a page by itself. */
  pageBytes: 262_144,
  /** A text message of several objects, in bytes; a longer object is a message by itself. */
  batchBytes: 65_536,
  /** Channels listed in `connected`. */
  connectedChannels: 50,
  /** JSON text of `connected`, in bytes. */
  connectedBytes: 65_536,
  /** JSON text of `ignored` in it, in bytes. */
  ignoredBytes: 16_384,
  /** `body` or `bytes`, and `headers`, of the `last` message of a channel, in bytes; beyond it they are left out. */
  lastBytes: 512,
});

/** Times of the protocol, in milliseconds, and the one count that goes with them. */
export const protocolTimes = Object.freeze({
  /** From the upgrade to `connect`; then the server closes with 4007. */
  connectTimeoutMs: 10_000,
  /** Default of `connected.heartbeatMs`. */
  heartbeatMs: 25_000,
  /** How long a client waits for the answer to its `ping` before it reconnects. */
  pingAnswerTimeoutMs: 10_000,
  /** A client sends `typing` at most this often while the user types, … */
  typingRepeatMs: 3000,
  /** … and shows that another user types for this long after the last one. */
  typingExpiresMs: 6000,
  /** A client acknowledges what the app has handled after this time, or … */
  ackAfterMs: 2000,
  /** … after this many entries, whichever comes first. */
  ackAfterEntries: 100,
});
