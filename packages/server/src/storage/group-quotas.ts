// What one user may do in groups, and how that is counted: the same in every engine.

import type { UserId } from '@longwire/protocol';
import type { PendingState } from '../channel/membership.js';
import type { AppendRequest } from './message-log.js';
import { HOUR_MS, isWithin, type QuotaName, type QuotaRefusal, type StoreQuotas } from './quotas.js';

/** What a user has done lately. Times are those of the rows, in milliseconds since 1970. */
export interface GroupUsage {
  /** An hour begins with the first one after the hour before. */
  readonly joinsStart: number;
  readonly joins: number;
  readonly addsStart: number;
  readonly adds: number;
}

export const noGroupUsage: GroupUsage = Object.freeze({ joinsStart: 0, joins: 0, addsStart: 0, adds: 0 });

/** What a change of members and pending users would use. */
export interface GroupDemand {
  /** Who makes the change; undefined: none of the users. */
  readonly actor: UserId | undefined;
  /** Users who would be members and are not. */
  readonly entering: readonly UserId[];
  /** Users who would be pending and are not. */
  readonly pending: readonly UserId[];
  /** The actor joins a group that is there, or asks to. */
  readonly joins: number;
  /** Others whom the actor adds without having been asked, or invites. */
  readonly adds: number;
}

/** The group as it is before the change. */
export interface DemandedGroup {
  readonly exists: boolean;
  isMember(user: UserId): boolean;
  pendingStateOf(user: UserId): PendingState | undefined;
}

/** Undefined: no user would be a member or pending. */
export function groupDemandOf(
  { content, change }: Pick<AppendRequest, 'content' | 'change'>,
  group: DemandedGroup,
): GroupDemand | undefined {
  if (change === undefined || change.members.length + change.pending.length === 0) return undefined;
  const actor = content === undefined ? change.pending[0]?.by : content.from;
  const isJoining = new Set(change.members.filter(({ type }) => type === 'join').map(({ user }) => user));
  const entering = [...isJoining].filter((user) => !group.isMember(user));
  const wanted = change.pending.filter(({ user, state }) => state !== undefined && !isJoining.has(user));
  const pending = [...new Set(wanted.map(({ user }) => user))].filter(
    (user) => !group.isMember(user) && group.pendingStateOf(user) === undefined,
  );
  if (entering.length + pending.length === 0) return undefined;
  const isAdded = (user: UserId) => user !== actor && group.pendingStateOf(user) !== 'requested';
  const joining = entering.includes(actor!) && group.exists ? 1 : 0;
  const asking = pending.includes(actor!) ? 1 : 0;
  const adds = entering.filter(isAdded).length + pending.filter(isAdded).length;
  return { actor, entering, pending, joins: joining + asking, adds };
}

/** What stands behind a judgement. Asked only where it matters. */
export interface GroupCounts {
  usageOf(user: UserId): GroupUsage;
  /** Groups that a user is a member of. */
  groupsOf(user: UserId): number;
  /** Groups in which a user is pending. */
  pendingOf(user: UserId): number;
}

/** @returns undefined: it may be stored */
export function judgeGroupDemand(
  { actor, entering, pending, joins, adds }: GroupDemand,
  at: number,
  quotas: StoreQuotas,
  counts: GroupCounts,
): QuotaRefusal | undefined {
  if (entering.some((user) => counts.groupsOf(user) >= quotas.groupsPerUser)) return forGood('groupsPerUser');
  if (pending.some((user) => counts.pendingOf(user) >= quotas.pendingPerUser)) return forGood('pendingPerUser');
  if (actor === undefined || joins + adds === 0) return undefined;
  const usage = counts.usageOf(actor);
  const ofAdds = { quota: 'addsPerHour', start: usage.addsStart, used: usage.adds, more: adds } as const;
  const ofJoins = { quota: 'joinsPerHour', start: usage.joinsStart, used: usage.joins, more: joins } as const;
  return judgeHour(ofAdds, at, quotas.addsPerHour) ?? judgeHour(ofJoins, at, quotas.joinsPerHour);
}

/** What the actor has used once the change is stored. */
export function countGroupDemand(usage: GroupUsage, { joins, adds }: GroupDemand, at: number): GroupUsage {
  const [joinsStart, joined] = startAt(usage.joinsStart, usage.joins, joins, at);
  const [addsStart, added] = startAt(usage.addsStart, usage.adds, adds, at);
  return { joinsStart, joins: joined + joins, addsStart, adds: added + adds };
}

function startAt(start: number, used: number, more: number, at: number): readonly [number, number] {
  return more === 0 || isWithin(start, at, HOUR_MS) ? [start, used] : [at, 0];
}

function judgeHour(
  {
    quota,
    start,
    used,
    more,
  }: { readonly quota: QuotaName; readonly start: number; readonly used: number; readonly more: number },
  at: number,
  limit: number,
): QuotaRefusal | undefined {
  const usedNow = isWithin(start, at, HOUR_MS) ? used : 0;
  if (more === 0 || usedNow + more <= limit) return undefined;
  return more > limit ? forGood(quota) : { quota, afterMs: start + HOUR_MS - at };
}

/** Waiting alone does not help. */
function forGood(quota: QuotaName): QuotaRefusal {
  return { quota, afterMs: undefined };
}
