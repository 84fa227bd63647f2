// The rule of `group.receipts`: who has received and read an entry of a group, for its members, as far as each shows it.

import type { Epoch, ErrorCode, UserId } from '@longwire/protocol';
import type { GroupChannel } from '../channel/channel.js';
import type { LoadedChannel } from '../membership/loaded-channel.js';
import type { MemberCache } from '../membership/member-cache.js';
import { type PresentReceiptParts, presentReceipts } from './receipts.js';
import { NOT_A_MEMBER } from './rules/group-rule.js';

export interface GroupReceiptsRequest {
  /** Who asks. */
  readonly user: UserId;
  readonly channel: GroupChannel;
  /** Undefined: the present one is meant. */
  readonly epoch: Epoch | undefined;
  readonly offset: number;
}

export type GroupReceiptsOutcome =
  | {
      readonly ok: true;
      /** Other members of whom a device has acknowledged the entry, ascending by the bytes of their ids. */
      readonly delivered: readonly UserId[];
      /** Those among them who have read it. */
      readonly read: readonly UserId[];
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

export interface GroupReceiptsParts extends PresentReceiptParts {
  readonly members: Pick<MemberCache, 'prepare'>;
}

const NONE: GroupReceiptsOutcome = Object.freeze({ ok: true, delivered: [], read: [] });

export class GroupReceipts {
  readonly #parts: GroupReceiptsParts;
  readonly #maxMembers: number;

  /** @param maxMembers  `receipts.maxMembers` */
  constructor(parts: GroupReceiptsParts, maxMembers: number) {
    this.#parts = parts;
    this.#maxMembers = maxMembers;
  }

  /** @throws (rejects) what the group or its newest offset cannot be read with */
  async of({ user, channel, epoch, offset }: GroupReceiptsRequest): Promise<GroupReceiptsOutcome> {
    const { members, heads, privacy } = this.#parts;
    const group = await members.prepare(channel);
    const stay = group.member(user);
    if (stay === undefined) return { ok: false, code: NOT_A_MEMBER.code, message: NOT_A_MEMBER.message };
    if (group.audience.length > this.#maxMembers) {
      const message = `receipts are shown in groups of at most ${this.#maxMembers} members`;
      return { ok: false, code: 'forbidden', message };
    }
    const head = await heads.of(user, channel);
    if (epoch !== undefined && epoch !== head.epoch) {
      return { ok: false, code: 'stale_epoch', message: `the group's epoch is ${head.epoch}, not ${epoch}` };
    }
    if (offset > head.head || offset < stay.visibleFrom) {
      const message = `offset: expected one that this user may read, from ${stay.visibleFrom} to ${head.head}`;
      return { ok: false, code: 'invalid_field', message };
    }
    // Who hides their own receipts sees none of others.
    const hides = privacy.peek(channel, user) ?? (await privacy.load(user, channel));
    const others = othersDue(group, user, offset);
    if (hides || others.length === 0) return NONE;
    const receipts = await presentReceipts(this.#parts, channel, others);
    const shown = receipts.filter(({ isPrivate }) => !isPrivate);
    const read = shown.filter((receipt) => (receipt.read ?? 0) >= offset);
    const delivered = shown.filter((receipt) => (receipt.delivered ?? 0) >= offset || read.includes(receipt));
    return { ok: true, delivered: delivered.map((receipt) => receipt.user), read: read.map((receipt) => receipt.user) };
  }
}

/** The others to whom the entry is due, ascending by the bytes of their ids. */
function othersDue(group: LoadedChannel, user: UserId, offset: number): UserId[] {
  const ids = group.audience.map(({ id }) => id);
  const due = ids.filter((id) => id !== user && group.member(id)!.dueFrom <= offset);
  return due.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
