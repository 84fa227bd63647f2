// The rules of `ack` and `read`: a position counts only in the present epoch and never above the head.

import type { DeviceId, Epoch, ErrorCode, UserId } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import type { CommittedHead, CommittedHeads } from './committed-heads.js';
import type { CursorCache } from './cursor-cache.js';

/** A position as a client gave it; without an epoch the present one is meant. */
export interface ClaimedPosition {
  readonly epoch?: Epoch | undefined;
  readonly offset: number;
}

/** A position in a channel, as a client gave it. */
export interface ChannelClaim {
  readonly channel: Channel;
  readonly claimed: ClaimedPosition;
}

export type PositionOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

const ACCEPTED: PositionOutcome = { ok: true };

export class Positions {
  readonly #heads: CommittedHeads;
  readonly #cursors: CursorCache;

  constructor(heads: CommittedHeads, cursors: CursorCache) {
    this.#heads = heads;
    this.#cursors = cursors;
  }

  /**
   * Moves the device's cursors in several channels; those that are refused move nothing. Accepted: on disk within 5 s.
   * Synchronous if all channels are in use.
   * @returns the first refusal, in the order of the claims
   */
  acknowledge(
    user: UserId,
    device: DeviceId,
    claims: readonly ChannelClaim[],
  ): PositionOutcome | Promise<PositionOutcome> {
    const decide = (heads: readonly CommittedHead[]): PositionOutcome => {
      let outcome = ACCEPTED;
      claims.forEach(({ channel, claimed }, index) => {
        const refusal = check(claimed, heads[index]!);
        if (refusal === undefined) this.#cursors.acknowledge(user, device, channel, claimed.offset);
        else if (outcome.ok) outcome = refusal;
      });
      return outcome;
    };
    const channels = claims.map(({ channel }) => channel);
    const known = channels.map((channel) => this.#heads.peek(channel));
    if (known.every((head) => head !== undefined)) return decide(known);
    return this.#heads.ofAll(user, channels).then(decide);
  }

  /** Moves the user's read cursor. Monotone: a lower offset is accepted and moves nothing. */
  read(user: UserId, channel: Channel, claimed: ClaimedPosition): PositionOutcome | Promise<PositionOutcome> {
    const decide = (head: CommittedHead): PositionOutcome => {
      const refusal = check(claimed, head);
      if (refusal === undefined) this.#cursors.read(user, channel, claimed.offset);
      return refusal ?? ACCEPTED;
    };
    const known = this.#heads.peek(channel);
    return known === undefined ? this.#heads.of(user, channel).then(decide) : decide(known);
  }
}

function check(claimed: ClaimedPosition, head: CommittedHead): PositionOutcome | undefined {
  if (claimed.epoch !== undefined && claimed.epoch !== head.epoch) {
    const message = `the channel's epoch is ${head.epoch ?? 'not there yet'}, not ${claimed.epoch}; nothing was moved`;
    return { ok: false, code: 'stale_epoch', message };
  }
  if (claimed.offset > head.head) {
    const message = `the newest offset is ${head.head}, ${claimed.offset} is above it; nothing was moved`;
    return { ok: false, code: 'invalid_field', message };
  }
  return undefined;
}
