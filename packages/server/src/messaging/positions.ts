// The rules of `ack` and `read`: a position counts only in the present epoch and never above the head.

import type { DeviceId, Epoch, ErrorCode, UserId } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import type { CommittedHead, CommittedHeads } from './committed-heads.js';
import type { CursorCache } from './cursor-cache.js';
import type { GroupAccess, Reach } from './group-access.js';

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
  readonly #access: Pick<GroupAccess, 'reachesOf'>;

  constructor(heads: CommittedHeads, cursors: CursorCache, access: Pick<GroupAccess, 'reachesOf'>) {
    this.#heads = heads;
    this.#cursors = cursors;
    this.#access = access;
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
    const decide = (heads: readonly CommittedHead[], reaches: readonly Reach[]): PositionOutcome => {
      let outcome = ACCEPTED;
      claims.forEach(({ channel, claimed }, index) => {
        const refusal = checkPosition(claimed, heads[index]!, reaches[index]);
        if (refusal === undefined) this.#cursors.acknowledge(user, device, channel, claimed.offset);
        else if (outcome.ok) outcome = refusal;
      });
      return outcome;
    };
    const channels = claims.map(({ channel }) => channel);
    const known = channels.map((channel) => this.#heads.peek(channel));
    const reaches = this.#access.reachesOf(user, channels);
    if (known.every((head) => head !== undefined) && !(reaches instanceof Promise)) return decide(known, reaches);
    return Promise.all([this.#heads.ofAll(user, channels), reaches]).then(([heads, loaded]) => decide(heads, loaded));
  }

  /** Moves the user's read cursor. Monotone: a lower offset is accepted and moves nothing. */
  read(user: UserId, channel: Channel, claimed: ClaimedPosition): PositionOutcome | Promise<PositionOutcome> {
    const decide = (head: CommittedHead, [reach]: readonly Reach[]): PositionOutcome => {
      const refusal = checkPosition(claimed, head, reach);
      if (refusal === undefined) this.#cursors.read(user, channel, claimed.offset);
      return refusal ?? ACCEPTED;
    };
    const known = this.#heads.peek(channel);
    const reaches = this.#access.reachesOf(user, [channel]);
    if (known !== undefined && !(reaches instanceof Promise)) return decide(known, reaches);
    return Promise.all([this.#heads.of(user, channel), reaches]).then(([head, loaded]) => decide(head, loaded));
  }
}

/** Undefined: it may be moved to. */
export function checkPosition(
  claimed: ClaimedPosition,
  head: CommittedHead,
  reach: Reach,
): PositionOutcome | undefined {
  if (reach === undefined) {
    return {
      ok: false,
      code: 'not_a_member',
      message: 'expected a group that this user is or was in; nothing was moved',
    };
  }
  const newest = Math.min(head.head, reach);
  if (claimed.epoch !== undefined && claimed.epoch !== head.epoch) {
    const message = `the channel's epoch is ${head.epoch ?? 'not there yet'}, not ${claimed.epoch}; nothing was moved`;
    return { ok: false, code: 'stale_epoch', message };
  }
  if (claimed.offset > newest) {
    const message = `the newest offset is ${newest}, ${claimed.offset} is above it; nothing was moved`;
    return { ok: false, code: 'invalid_field', message };
  }
  return undefined;
}
