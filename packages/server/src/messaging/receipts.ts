// Receipts are states, not entries: merged to at most one per channel, user and second, then published.

import type { UserId } from '@longwire/protocol';
import type { Bus, ReceiptEvent } from '../bus/bus.js';
import type { Channel, ChannelKey } from '../channel/channel.js';
import { PairMap } from '../runtime/pair-map.js';
import type { ChannelSource } from './channel-slices.js';
import type { CommittedHeads } from './committed-heads.js';
import type { CursorCache } from './cursor-cache.js';
import type { ReceiptPrivacy } from './receipt-privacy.js';

/** Between two receipts of one user in one channel. */
export const RECEIPT_INTERVAL_MS = 1_000;

interface DueReceipt {
  readonly user: UserId;
  readonly channel: Channel;
  delivered: number | undefined;
  read: number | undefined;
}

export class Receipts {
  readonly #bus: Bus;
  readonly #heads: CommittedHeads;
  readonly #privacy: ReceiptPrivacy;
  #due = new PairMap<UserId, ChannelKey, DueReceipt>();

  constructor(bus: Bus, heads: CommittedHeads, privacy: ReceiptPrivacy) {
    this.#bus = bus;
    this.#heads = heads;
    this.#privacy = privacy;
  }

  onMoved(user: UserId, channel: Channel, moved: { delivered: number | undefined; read: number | undefined }): void {
    const due = this.#due.get(user, channel.key);
    if (due === undefined) {
      this.#due.set(user, channel.key, { user, channel, ...moved });
      return;
    }
    due.delivered = moved.delivered ?? due.delivered;
    due.read = moved.read ?? due.read;
  }

  /** Publishes what has gathered. Called by the server's clock every `RECEIPT_INTERVAL_MS`. Resolves when all of it is published. */
  async publishDue(): Promise<void> {
    const due = this.#due;
    this.#due = new PairMap();
    const loads: Promise<void>[] = [];
    for (const receipt of due.values()) {
      const isPrivate = this.#privacy.peek(receipt.channel, receipt.user);
      if (isPrivate !== undefined) this.#publish(receipt, isPrivate);
      else
        loads.push(this.#privacy.load(receipt.user, receipt.channel).then((loaded) => this.#publish(receipt, loaded)));
    }
    await Promise.all(loads);
  }

  #publish({ user, channel, delivered, read }: DueReceipt, isPrivate: boolean): void {
    // The cursor was moved against this head a moment ago; if the head was evicted since, the channel is not in use.
    const epoch = this.#heads.peek(channel)?.epoch;
    if (epoch === undefined) return;
    this.#bus.signal({ type: 'receipt', channel, epoch, user, delivered, read, only: undefined, isPrivate });
  }
}

export interface PresentReceiptParts {
  readonly cursors: CursorCache;
  readonly heads: CommittedHeads;
  readonly privacy: ReceiptPrivacy;
  readonly source: Pick<ChannelSource, 'directory' | 'turns'>;
}

/** Undefined if they cannot be read now: the next receipt has them. */
async function singlesIn(
  { directory, turns }: PresentReceiptParts['source'],
  user: UserId,
  channel: Channel,
  read: number,
): Promise<readonly number[] | undefined> {
  const describe = () => directory.describe(user, [{ channel, read }], 0);
  const described = await turns.run(user, describe).catch(() => []);
  return described[0]?.singleReads;
}

/** The present state of these users of a channel. Empty if it cannot be read now. */
export async function presentReceipts(
  { cursors, heads, privacy, source }: PresentReceiptParts,
  channel: Channel,
  members: readonly UserId[],
): Promise<readonly ReceiptEvent[]> {
  const epoch = await heads.of(members[0]!, channel).then(
    (head) => head.epoch,
    () => undefined,
  );
  if (epoch === undefined) return [];
  const states = members.map(async (user): Promise<ReceiptEvent> => {
    const isPrivate = privacy.peek(channel, user) ?? (await privacy.load(user, channel));
    const { read, delivered } = await cursors.load(user, channel);
    const only = channel.kind === 'inbox' ? await singlesIn(source, user, channel, read) : undefined;
    return { type: 'receipt', channel, epoch, user, delivered, read, only, isPrivate };
  });
  return Promise.all(states);
}
