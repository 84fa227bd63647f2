// How often the server has refused something, by the limit or the rule that refused it.

/** A kind with a dot is named as the setting of its limit. */
export const refusalKinds = [
  // Connections without a signed-in user.
  'limits.connections',
  'limits.connectionsPerAddress',
  'limits.handshakesPerSecond',
  'limits.waitingPerAddress',
  'limits.waiting',
  'limits.handshakeTimeoutMs',
  'limits.headerBytes',
  'limits.connectTimeoutMs',
  'idleConnections',
  'malformedRequest',
  'origin',
  'caller',
  // Sign-ins.
  'credentials',
  // Of a token that is accepted all the same.
  'ignoredClaim',
  'blockedUser',
  'sessions.perUser',
  'limits.devicesPerUser',
  // New ids of users and devices, also in commands.
  'hiddenCharacter',
  // Commands.
  'limits.commandsPerSecond',
  'limits.sendsPerSecond',
  'limits.bodyBytesPerSecond',
  'limits.pagesPerSecond',
  'limits.acksPerSecond',
  'limits.signalsPerSecond',
  'limits.channelSignalsPerSecond',
  'limits.watches',
  'limits.blocksPerSecond',
  'limits.searchesPerSecond',
  'limits.blocksPerUser',
  'limits.preferencesPerUser',
  'limits.bodyBytes',
  'limits.commandBytes',
  'limits.storeCalls',
  'limits.pendingAppendBytes',
  'limits.minFreeBytes',
  'storageFull',
  'limits.newPeersPerHour',
  'limits.newPeersPerDay',
  'limits.channelsPerUser',
  'limits.storedBytesPerUser',
  'limits.undeliveredBytesPerPeer',
  'limits.undeliveredBytesToUnseen',
  // Rights in channels.
  'groups.maxMembers',
  'groups.maxPending',
  'groups.perUser',
  'groups.joinsPerHour',
  'groups.addsPerHour',
  'groups.pendingPerUser',
  'blocked',
  'notAMember',
  'notAllowed',
  'malformedCommand',
  'beforeSignIn',
  // Sessions of clients that break RFC 6455, do not read, or are gone.
  'malformedFrame',
  'limits.allOutboxesBytes',
  // Nothing is refused: channels whose newest entries are read from disk, for want of memory.
  'limits.allRingsBytes',
  'slowReader',
  'limits.heartbeatGraceMs',
] as const;

export type RefusalKind = (typeof refusalKinds)[number];

export type RefusalCounts = Readonly<Record<RefusalKind, number>>;

export class RefusalCounter {
  readonly #counts = Object.fromEntries(refusalKinds.map((kind) => [kind, 0])) as Record<RefusalKind, number>;

  count(kind: RefusalKind): void {
    this.#counts[kind] += 1;
  }

  /** Since the server started. */
  get counts(): RefusalCounts {
    return { ...this.#counts };
  }
}
