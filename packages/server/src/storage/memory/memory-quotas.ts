// The quotas of the memory engine: what each user has used, and what waits for each recipient.

import type { UserId } from '@longwire/protocol';
import type { Channel } from '../../channel/channel.js';
import { contentBytes } from '../../channel/entry.js';
import type { RightsChange } from '../../channel/membership.js';
import type { AppendRequest } from '../message-log.js';
import {
  countAnswer,
  countChannel,
  judgePending,
  judgeUndelivered,
  judgeUsage,
  noUsage,
  type QuotaRefusal,
  type StoreQuotas,
  type Usage,
} from '../quotas.js';
import type { MemoryChannel, MemoryState } from './memory-state.js';

export class MemoryQuotas {
  readonly #state: MemoryState;
  readonly #quotas: StoreQuotas;
  readonly #usages = new Map<UserId, Usage>();

  constructor(state: MemoryState, quotas: StoreQuotas) {
    this.#state = state;
    this.#quotas = quotas;
  }

  /** Undefined: the request may be stored. Only users have quotas. */
  judge({ channel, content, change, at }: AppendRequest): QuotaRefusal | undefined {
    const tooMany = change && this.#judgePending(channel, change);
    if (tooMany !== undefined || content?.from === undefined) return tooMany;
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

  #judgePending({ key }: Channel, change: RightsChange): QuotaRefusal | undefined {
    const { channels, pendingPlaces } = this.#state;
    const isPending = (user: UserId) => channels.get(key)?.pending.has(user) === true;
    return judgePending(change, this.#quotas, isPending, (user) => pendingPlaces.get(user)?.size ?? 0);
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
