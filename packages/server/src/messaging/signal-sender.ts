// The rule of `signal`: who may signal where, and how often the users of a channel may together.

import type { ErrorCode, UserId } from '@longwire/protocol';
import type { Bus } from '../bus/bus.js';
import type { EntryOrigin } from '../bus/in-flight-appends.js';
import type { Channel, ChannelKey } from '../channel/channel.js';
import type { LoadedChannel } from '../membership/loaded-channel.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { Clock } from '../runtime/clock.js';
import type { RefusalCounter } from '../runtime/refusal-counter.js';
import { type Rate, TokenBucket } from '../runtime/token-bucket.js';
import type { CommittedHead, CommittedHeads } from './committed-heads.js';
import { judgeSend } from './rules/judge-send.js';

export interface OutgoingSignal {
  readonly channel: Channel;
  readonly from: UserId;
  readonly name: string;
  /** JSON text. */
  readonly data: string | undefined;
  /** The session that sends it, which does not get it. */
  readonly session: EntryOrigin;
}

export type SignalOutcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      readonly afterMs: number | undefined;
    };

export interface SignalSenderParts {
  readonly heads: Pick<CommittedHeads, 'peek' | 'of'>;
  readonly members: Pick<MemberCache, 'peek' | 'prepare'>;
  readonly bus: Pick<Bus, 'signal'>;
  readonly clock: Clock;
  readonly refusals: RefusalCounter;
}

export interface SignalLimits {
  /** Signals in one channel, of all its users. */
  readonly channelSignalsPerSecond: number;
  /** In a group with more members there are no signals. */
  readonly signalMembers: number;
}

const BURST_S = 2;
/** Channels whose rates are remembered; beyond it the one that was signalled in first is forgotten. */
const MAX_CHANNELS = 100_000;
const SENT: SignalOutcome = Object.freeze({ ok: true });
const NO_SIGNALS: SignalOutcome = Object.freeze({
  ok: false,
  code: 'forbidden',
  message: 'to: expected user/<id> or group/<id>; inboxes and announcements take no signals',
  afterMs: undefined,
});

export class SignalSender {
  readonly #parts: SignalSenderParts;
  readonly #rate: Rate;
  readonly #maxMembers: number;
  readonly #channels = new Map<ChannelKey, TokenBucket>();

  constructor(parts: SignalSenderParts, { channelSignalsPerSecond: perSecond, signalMembers }: SignalLimits) {
    this.#parts = parts;
    this.#rate = Object.freeze({ perSecond, burst: BURST_S * perSecond });
    this.#maxMembers = signalMembers;
  }

  /**
   * Publishes the signal; synchronous if the channel is in use. Whom it reaches is not reported.
   * @throws (rejects) what the store rejects with
   */
  send(signal: OutgoingSignal): SignalOutcome | Promise<SignalOutcome> {
    const { heads, members } = this.#parts;
    if (signal.channel.kind === 'inbox' || signal.channel.kind === 'all') return NO_SIGNALS;
    const known = heads.peek(signal.channel);
    const rights = members.peek(signal.channel);
    if (known !== undefined && rights !== undefined) return this.#decide(signal, known, rights);
    return this.#loadAndDecide(signal);
  }

  /** Forgets channels at rest. Called by the server's clock. */
  sweep(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const [key, bucket] of this.#channels) if (bucket.isFull(nowMs)) this.#channels.delete(key);
  }

  /** Channels that take memory here. */
  get size(): number {
    return this.#channels.size;
  }

  async #loadAndDecide(signal: OutgoingSignal): Promise<SignalOutcome> {
    const { heads, members } = this.#parts;
    const head = await heads.of(signal.from, signal.channel);
    // Of a channel without entries, nothing more has to be known.
    const rights = head.head === 0 ? undefined : await members.prepare(signal.channel);
    return this.#decide(signal, head, rights);
  }

  #decide(
    { channel, from, name, data, session }: OutgoingSignal,
    head: CommittedHead,
    rights: LoadedChannel | undefined,
  ): SignalOutcome {
    // Beginning a channel with a stranger has a quota, which signals must not get around.
    if (head.head === 0 && channel.kind !== 'group') {
      const message = 'to: expected a channel in which something was written, got one without entries; write first';
      return { ok: false, code: 'forbidden', message, afterMs: undefined };
    }
    // Who may signal is who may write.
    const refusal = judgeSend(channel, rights, { from, by: undefined });
    if (refusal !== undefined) {
      this.#parts.refusals.count(refusal.counted);
      return { ok: false, code: refusal.code, message: refusal.message, afterMs: undefined };
    }
    if (rights !== undefined && rights.audience.length > this.#maxMembers) {
      const message = `to: expected a group of at most ${this.#maxMembers} members; larger ones have no signals`;
      return { ok: false, code: 'forbidden', message, afterMs: undefined };
    }
    const nowMs = this.#parts.clock.monotonicMs();
    const bucket = this.#bucketOf(channel);
    const afterMs = bucket.waitMs(1, nowMs);
    if (afterMs > 0) {
      this.#parts.refusals.count('limits.channelSignalsPerSecond');
      const message = `more signals than this server takes in one channel; come back after ${afterMs} ms`;
      return { ok: false, code: 'rate_limited', message, afterMs };
    }
    bucket.take(1, nowMs);
    this.#parts.bus.signal({ type: 'signal', channel, from, name, data, origin: session });
    return SENT;
  }

  #bucketOf({ key }: Channel): TokenBucket {
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    if (this.#channels.size >= MAX_CHANNELS) {
      const [oldest] = this.#channels.keys();
      this.#channels.delete(oldest!);
    }
    const bucket = new TokenBucket(this.#rate);
    this.#channels.set(key, bucket);
    return bucket;
  }
}
