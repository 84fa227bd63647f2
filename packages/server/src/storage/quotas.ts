// What one user may store and begin, and how that is counted: the same in every engine.

export interface StoreQuotas extends GroupQuotas {
  /** Direct channels that a user may begin with people who never answered, in an hour and in a day. */
  readonly newPeersPerHour: number;
  readonly newPeersPerDay: number;
  /** Channels that a user may begin, ever. */
  readonly channelsPerUser: number;
  /** Content that a user may have stored. */
  readonly storedBytesPerUser: number;
  /** Content of a user that one other user has not received yet; the second while that user has never signed in. */
  readonly undeliveredBytesPerPeer: number;
  readonly undeliveredBytesToUnseen: number;
}

/** Those of groups. */
export interface GroupQuotas {
  /** Groups to which a user may be invited, or have asked to join, at one time. */
  readonly pendingPerUser: number;
  /** Groups that a user may be a member of. */
  readonly groupsPerUser: number;
  /** Groups that a user may join or ask to join in an hour. */
  readonly joinsPerHour: number;
  /** Users whom a user may add to groups or invite in an hour. */
  readonly addsPerHour: number;
}

export type QuotaName = keyof StoreQuotas;

/** Their numbers on the way between threads. */
export const quotaNames = [
  'newPeersPerHour',
  'newPeersPerDay',
  'channelsPerUser',
  'storedBytesPerUser',
  'undeliveredBytesPerPeer',
  'undeliveredBytesToUnseen',
  'pendingPerUser',
  'groupsPerUser',
  'joinsPerHour',
  'addsPerHour',
] as const satisfies readonly QuotaName[];

export const unlimitedQuotas: StoreQuotas = Object.freeze({
  newPeersPerHour: Number.POSITIVE_INFINITY,
  newPeersPerDay: Number.POSITIVE_INFINITY,
  channelsPerUser: Number.POSITIVE_INFINITY,
  storedBytesPerUser: Number.POSITIVE_INFINITY,
  undeliveredBytesPerPeer: Number.POSITIVE_INFINITY,
  undeliveredBytesToUnseen: Number.POSITIVE_INFINITY,
  pendingPerUser: Number.POSITIVE_INFINITY,
  groupsPerUser: Number.POSITIVE_INFINITY,
  joinsPerHour: Number.POSITIVE_INFINITY,
  addsPerHour: Number.POSITIVE_INFINITY,
});

export interface QuotaRefusal {
  readonly quota: QuotaName;
  /** When the same request fits again; undefined: not by waiting alone. */
  readonly afterMs: number | undefined;
}

/** What a user has used. Times are those of the entries, in milliseconds since 1970. */
export interface Usage {
  storedBytes: number;
  channelsBegun: number;
  /** An hour begins with the first new peer after the hour before. */
  hourStart: number;
  hourPeers: number;
  dayStart: number;
  dayPeers: number;
}

export const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function noUsage(): Usage {
  return { storedBytes: 0, channelsBegun: 0, hourStart: 0, hourPeers: 0, dayStart: 0, dayPeers: 0 };
}

/** The user began a channel at a time. With oneself it is no new peer. */
export function countChannel(usage: Usage, at: number, { hasPeer }: { readonly hasPeer: boolean }): void {
  usage.channelsBegun += 1;
  if (!hasPeer) return;
  if (!isWithin(usage.hourStart, at, HOUR_MS)) {
    usage.hourStart = at;
    usage.hourPeers = 0;
  }
  if (!isWithin(usage.dayStart, at, DAY_MS)) {
    usage.dayStart = at;
    usage.dayPeers = 0;
  }
  usage.hourPeers += 1;
  usage.dayPeers += 1;
}

/** The other one wrote for the first time in a channel that the user began at a time: that one is no stranger any more. */
export function countAnswer(usage: Usage, begunAt: number): void {
  if (isWithin(usage.hourStart, begunAt, HOUR_MS)) usage.hourPeers = Math.max(0, usage.hourPeers - 1);
  if (isWithin(usage.dayStart, begunAt, DAY_MS)) usage.dayPeers = Math.max(0, usage.dayPeers - 1);
}

/** What an entry would add. */
export interface UsageRequest {
  readonly bytes: number;
  /** `peer`: the channel begins with it. `self`: so does the one with oneself. */
  readonly begins: 'peer' | 'self' | undefined;
  readonly at: number;
}

/** @returns undefined: it may be stored */
export function judgeUsage(
  usage: Usage,
  { bytes, begins, at }: UsageRequest,
  quotas: StoreQuotas,
): QuotaRefusal | undefined {
  if (usage.storedBytes + bytes > quotas.storedBytesPerUser) return { quota: 'storedBytesPerUser', afterMs: undefined };
  if (begins === undefined) return undefined;
  if (usage.channelsBegun >= quotas.channelsPerUser) return { quota: 'channelsPerUser', afterMs: undefined };
  if (begins === 'self') return undefined;
  // The longer wait first: after the shorter one the request would be refused again.
  const dayPeers = isWithin(usage.dayStart, at, DAY_MS) ? usage.dayPeers : 0;
  if (dayPeers >= quotas.newPeersPerDay) return { quota: 'newPeersPerDay', afterMs: usage.dayStart + DAY_MS - at };
  const hourPeers = isWithin(usage.hourStart, at, HOUR_MS) ? usage.hourPeers : 0;
  if (hourPeers >= quotas.newPeersPerHour) return { quota: 'newPeersPerHour', afterMs: usage.hourStart + HOUR_MS - at };
  return undefined;
}

/**
 * @param undelivered  bytes that the recipient would not have received, with the entry
 * @param wasSeen  whether the recipient has ever signed in; asked only where it matters
 */
export function judgeUndelivered(
  undelivered: number,
  wasSeen: () => boolean,
  quotas: StoreQuotas,
): QuotaRefusal | undefined {
  if (undelivered > quotas.undeliveredBytesPerPeer) return { quota: 'undeliveredBytesPerPeer', afterMs: undefined };
  if (undelivered <= quotas.undeliveredBytesToUnseen || wasSeen()) return undefined;
  return { quota: 'undeliveredBytesToUnseen', afterMs: undefined };
}

/** A clock that went back more than the length of a window begins a new one. */
export function isWithin(start: number, at: number, lengthMs: number): boolean {
  return Math.abs(at - start) < lengthMs;
}

/** Of the settings, those that the store judges. */
export function quotasOf(
  limits: Omit<StoreQuotas, keyof GroupQuotas>,
  groups: Omit<GroupQuotas, 'groupsPerUser'> & { readonly perUser: number },
): StoreQuotas {
  return {
    newPeersPerHour: limits.newPeersPerHour,
    newPeersPerDay: limits.newPeersPerDay,
    channelsPerUser: limits.channelsPerUser,
    storedBytesPerUser: limits.storedBytesPerUser,
    undeliveredBytesPerPeer: limits.undeliveredBytesPerPeer,
    undeliveredBytesToUnseen: limits.undeliveredBytesToUnseen,
    pendingPerUser: groups.pendingPerUser,
    groupsPerUser: groups.perUser,
    joinsPerHour: groups.joinsPerHour,
    addsPerHour: groups.addsPerHour,
  };
}
