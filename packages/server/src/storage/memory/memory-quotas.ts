// The quotas of the memory engine: what each user has used, and what waits for each recipient.

import type { UserId } from '@longwire/protocol';
import { contentBytes } from '../../channel/entry.js';
import { pairOfRequest } from '../append-check.js';
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
import type { MemoryChannel, MemoryState } from './memory-state.js';

export class MemoryQuotas {
  readonly #state: MemoryState;
  readonly #quotas: StoreQuotas;
  readonly #usages = new Map<UserId, Usage>();

  constructor(state: MemoryState, quotas: StoreQuotas) {
    this.#state = state;
    this.#quotas = quotas;
  }

  /** Undefined: the request may be stored. */
  judge(request: AppendRequest): QuotaRefusal | undefined {
    const { from } = request.content;
    const peer = peerOf(request);
    const bytes = contentBytes(request.content);
    const channel = this.#state.channels.get(request.channel.key);
    const begins = channel !== undefined ? undefined : peer === undefined ? 'self' : 'peer';
    const usage = this.#usages.get(from) ?? noUsage();
    const refusal = judgeUsage(usage, { bytes, begins, at: request.at }, this.#quotas);
    if (refusal !== undefined || peer === undefined) return refusal;
    const undelivered = bytes + (channel === undefined ? 0 : undeliveredIn(channel, from, peer));
    const wasSeen = () => (this.#state.users.get(peer)?.devices.size ?? 0) > 0;
    return judgeUndelivered(undelivered, wasSeen, this.#quotas);
  }

  /** For the newest entry of a channel. */
  count(channel: MemoryChannel, request: AppendRequest): void {
    const { from } = request.content;
    const peer = peerOf(request);
    const bytes = contentBytes(request.content);
    const usage = this.#usageOf(from);
    usage.storedBytes += bytes;
    const before = channel.sentBytes.at(-1);
    channel.sentBytes.push({
      low: (before?.low ?? 0) + (from === pairOfRequest(request)[0] ? bytes : 0),
      all: (before?.all ?? 0) + bytes,
    });
    if (channel.entries.length === 1) countChannel(usage, channel.createdAt, { hasPeer: peer !== undefined });
    if (peer !== undefined && isAnswer(channel, from)) countAnswer(this.#usageOf(peer), channel.createdAt);
  }

  #usageOf(user: UserId): Usage {
    const known = this.#usages.get(user);
    if (known !== undefined) return known;
    const usage = noUsage();
    this.#usages.set(user, usage);
    return usage;
  }
}

/** Undefined in a channel with oneself. */
function peerOf(request: AppendRequest): UserId | undefined {
  const [low, high] = pairOfRequest(request);
  if (low === high) return undefined;
  return request.content.from === low ? high : low;
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
