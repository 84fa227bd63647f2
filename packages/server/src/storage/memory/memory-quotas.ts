// The quotas of the memory engine: what each user has used, and what waits for each recipient.

import type { UserId } from '@longwire/protocol';
import type { Channel } from '../../channel/channel.js';
import { contentBytes } from '../../channel/entry.js';
import {
  countGroupDemand,
  type GroupDemand,
  type GroupUsage,
  groupDemandOf,
  judgeGroupDemand,
  noGroupUsage,
} from '../group-quotas.js';
import type { AppendRequest } from '../message-log.js';
import {
  countAnswer,
  countChannel,
  judgeUndelivered,
  judgeUsage,
  noUsage,
  type QuotaRefusal,
  type StoreQuotas,
  type Usage,
} from '../quotas.js';
import { stayOf } from './memory-rights.js';
import type { MemoryChannel, MemoryState } from './memory-state.js';

export class MemoryQuotas {
  readonly #state: MemoryState;
  readonly #quotas: StoreQuotas;
  readonly #usages = new Map<UserId, Usage>();
  readonly #groupUsages = new Map<UserId, GroupUsage>();

  constructor(state: MemoryState, quotas: StoreQuotas) {
    this.#state = state;
    this.#quotas = quotas;
  }

  /** Undefined: the request may be stored. Only users have quotas. */
  judge({ channel, content, at }: AppendRequest): QuotaRefusal | undefined {
    if (content?.from === undefined) return undefined;
    const { from } = content;
    const peer = peerOf(channel, from);
    const bytes = contentBytes(content);
    const known = this.#state.channels.get(channel.key);
    const begins = known !== undefined && known.entries.length > 0 ? undefined : peer === undefined ? 'self' : 'peer';
    const usage = this.#usages.get(from) ?? noUsage();
    const refusal = judgeUsage(usage, { bytes, begins, at }, this.#quotas);
    if (refusal !== undefined || peer === undefined) return refusal;
    const undelivered = bytes + (known === undefined ? 0 : undeliveredIn(known, from, peer));
    const wasSeen = () => (this.#state.users.get(peer)?.devices.size ?? 0) > 0;
    return judgeUndelivered(undelivered, wasSeen, this.#quotas);
  }

  /** What a change would use of the quotas of groups. Undefined: nothing. */
  groupDemandOf(request: AppendRequest): GroupDemand | undefined {
    const channel = this.#state.channels.get(request.channel.key);
    return groupDemandOf(request, {
      exists: channel !== undefined,
      isMember: (user) => channel !== undefined && isPresent(channel, user),
      pendingStateOf: (user) => channel?.pending.get(user)?.state,
    });
  }

  /** Undefined: the change may be stored. */
  judgeGroups(demand: GroupDemand, at: number): QuotaRefusal | undefined {
    const state = this.#state;
    return judgeGroupDemand(demand, at, this.#quotas, {
      usageOf: (user) => this.#groupUsages.get(user) ?? noGroupUsage,
      groupsOf: (user) =>
        state.channelsOf(user).filter((each) => each.channel.kind === 'group' && isPresent(each, user)).length,
      pendingOf: (user) => state.pendingPlaces.get(user)?.size ?? 0,
    });
  }

  countGroups(demand: GroupDemand, at: number): void {
    const { actor } = demand;
    if (actor === undefined) return;
    this.#groupUsages.set(actor, countGroupDemand(this.#groupUsages.get(actor) ?? noGroupUsage, demand, at));
  }

  /** For the newest entry of a channel. */
  count(channel: MemoryChannel, { content }: AppendRequest): void {
    if (content === undefined) return;
    const { from } = content;
    const bytes = contentBytes(content);
    const before = channel.sentBytes.at(-1);
    const isLow = channel.channel.kind === 'direct' && from === channel.channel.low;
    channel.sentBytes.push({ low: (before?.low ?? 0) + (isLow ? bytes : 0), all: (before?.all ?? 0) + bytes });
    if (from === undefined) return;
    const peer = peerOf(channel.channel, from);
    const usage = this.#usageOf(from);
    usage.storedBytes += bytes;
    if (channel.entries.length === 1) countChannel(usage, channel.createdAt, { hasPeer: peer !== undefined });
    if (peer !== undefined && isAnswer(channel, from)) countAnswer(this.#usageOf(peer), channel.createdAt);
  }

  /** Content of the user is stored no longer. */
  giveBack(user: UserId, bytes: number): void {
    const usage = this.#usageOf(user);
    usage.storedBytes = Math.max(0, usage.storedBytes - bytes);
  }

  #usageOf(user: UserId): Usage {
    const known = this.#usages.get(user);
    if (known !== undefined) return known;
    const usage = noUsage();
    this.#usages.set(user, usage);
    return usage;
  }
}

function isPresent(channel: MemoryChannel, user: UserId): boolean {
  const stay = stayOf(channel, user);
  return stay !== undefined && stay.left === undefined;
}

/** Undefined in a channel with oneself, and in all that are not between two users. */
function peerOf(channel: Channel, from: UserId): UserId | undefined {
  if (channel.kind !== 'direct' || channel.low === channel.high) return undefined;
  return from === channel.low ? channel.high : channel.low;
}

function isAnswer({ entries, writers }: MemoryChannel, from: UserId): boolean {
  if (writers.has(from)) return false;
  writers.add(from);
  return entries.length > 1;
}

function undeliveredIn(channel: MemoryChannel, from: UserId, to: UserId): number {
  const member = channel.members.get(to);
  const received = Math.max(member?.delivered ?? 0, member?.read ?? 0);
  return sentBy(channel, from, channel.entries.length) - sentBy(channel, from, received);
}

/** Content of a sender up to an offset. */
function sentBy({ channel, sentBytes }: MemoryChannel, from: UserId, offset: number): number {
  const { low, all } = sentBytes[offset - 1] ?? { low: 0, all: 0 };
  return channel.kind === 'direct' && from === channel.low ? low : all - low;
}
