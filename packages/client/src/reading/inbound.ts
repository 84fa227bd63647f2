// From a decoded push to the app: position, own entries, delivery queue, acks.

import {
  type EntryPush,
  type GapPush,
  isGroupEntry,
  isMemberEntry,
  isMessageEntry,
  type MessageEntry,
  type Position,
  type SentAnswer,
} from '@longwire/protocol';
import { LongwireError } from '../errors.js';
import type { AckBatcher } from './ack-batcher.js';
import { type DeliveryItem, DeliveryQueue } from './delivery-queue.js';
import {
  type GroupChange,
  groupChangeFrom,
  type LongwireMessage,
  type MemberChange,
  memberChangeFrom,
  messageFrom,
} from './message.js';
import { PositionReader } from './position-reader.js';

/** `auto`: a message is acknowledged when its handlers have settled. `manual`: only by `client.ack`. */
export type AckMode = 'auto' | 'manual';

export interface InboundPort {
  isListening(kind: 'message' | 'member' | 'group'): boolean;
  deliverMessage(message: LongwireMessage): Promise<void> | undefined;
  deliverMember(member: MemberChange): Promise<void> | undefined;
  deliverGroup(group: GroupChange): Promise<void> | undefined;
  deliverGap(gap: GapPush): Promise<void> | undefined;
  /** An entry of the signed-in user is in the log. If the answer to its send was lost, the send has succeeded. */
  onOwnEntry(entry: MessageEntry): void;
  /** Whether the app gets this entry of the signed-in user. Called once for each, in the order of the log. */
  takeOwnEntry(entry: MessageEntry): boolean;
  /** The stream has a fault: reconnect with cursors. */
  onFault(error: LongwireError): void;
  /** Entries were left out because the app was behind. The queue has room again: reconnect with cursors. */
  onCaughtUp(): void;
}

export interface InboundOptions {
  readonly ackMode: AckMode;
  readonly maxQueuedEntries: number;
  /** In characters of wire text. */
  readonly maxQueuedSize: number;
}

/**
 * Delivers what the server pushes, once per client and in order within a channel.
 *
 * Its memory is limited: when more waits for the app than allowed, further entries are left in the log (the position does
 * not move). When the app has handled half of the queue, the client reconnects and reads on from its positions.
 */
export class Inbound {
  readonly #port: InboundPort;
  readonly #options: InboundOptions;
  readonly #acks: AckBatcher;
  readonly #reader: PositionReader;
  readonly #queue: DeliveryQueue;
  #user = '';
  #isLeavingOut = false;

  constructor(
    port: InboundPort,
    acks: AckBatcher,
    options: InboundOptions,
    positions: Iterable<readonly [string, Position]>,
  ) {
    this.#port = port;
    this.#acks = acks;
    this.#options = options;
    this.#reader = new PositionReader(positions);
    this.#queue = new DeliveryQueue({
      isListening: (kind) => port.isListening(kind),
      deliver: (item) => this.#deliver(item),
      onSettled: (item) => this.#onSettled(item),
    });
  }

  /** A connection begins, from the positions that `cursors()` returned. */
  onConnected(user: string): void {
    this.#user = user;
    this.#isLeavingOut = false;
  }

  cursors(maxCount: number, maxBytes: number): Record<string, Position> {
    return this.#reader.cursors(maxCount, maxBytes);
  }

  positionOf(channel: string): Position | undefined {
    return this.#reader.positionOf(channel);
  }

  /** @param size  in characters of wire text */
  takeEntry(entry: EntryPush, size: number): void {
    const message = isMessageEntry(entry) ? entry : undefined;
    const isOwn = message?.from === this.#user;
    // Also if the entry is left out below: it is in the log.
    if (isOwn) this.#port.onOwnEntry(message);
    if (this.#leavesOut()) return;
    switch (this.#reader.readEntry(entry)) {
      case 'seen':
        return;
      case 'fault':
        this.#port.onFault(this.#faultAt(entry));
        return;
      case 'next': {
        const isForApp = !isOwn || this.#port.takeOwnEntry(message);
        this.#queue.push(this.#itemOf(entry, size, isForApp));
      }
    }
  }

  takeGap(gap: GapPush, size: number): void {
    if (this.#leavesOut() || !this.#reader.readGap(gap)) return;
    const { channel, epoch, next } = gap;
    this.#queue.push({ kind: 'gap', channel, epoch, offset: next - 1, size, gap });
  }

  /**
   * The answer to a send, which takes the place of its entry in the stream. With echo the entry comes as well, and only
   * the entry moves the position: it may have been left out, or may still be read from the log.
   * @returns whether the entry may still come
   */
  takeSent(sent: SentAnswer, { isEcho }: { readonly isEcho: boolean }): boolean {
    const { channel, epoch, offset } = sent;
    if (!isEcho && this.#reader.readSent(sent)) {
      this.#queue.push({ kind: 'passed', channel, epoch, offset, size: 0 });
      return false;
    }
    const position = this.#reader.positionOf(channel);
    return position?.epoch !== epoch || position.offset < offset;
  }

  /** The first listener was added: delivers what waited for it. */
  resume(): void {
    this.#queue.resume();
  }

  /** Delivers nothing more. Resolves when the running handlers have settled. */
  end(): Promise<void> {
    return this.#queue.end();
  }

  #leavesOut(): boolean {
    const { queuedItems, queuedSize } = this.#queue;
    if (queuedItems >= this.#options.maxQueuedEntries || queuedSize >= this.#options.maxQueuedSize) {
      this.#isLeavingOut = true;
    }
    return this.#isLeavingOut;
  }

  #itemOf(entry: EntryPush, size: number, isForApp: boolean): DeliveryItem {
    const { channel, epoch, offset } = entry;
    const place = { channel, epoch, offset, size };
    if (isForApp) {
      if (isMessageEntry(entry)) return { kind: 'message', ...place, message: messageFrom(entry, this.#user) };
      if (isMemberEntry(entry)) return { kind: 'member', ...place, member: memberChangeFrom(entry, this.#user) };
      if (isGroupEntry(entry)) return { kind: 'group', ...place, group: groupChangeFrom(entry, this.#user) };
    }
    return { kind: 'passed', ...place, size: 0 };
  }

  #deliver(item: DeliveryItem): Promise<void> | undefined {
    switch (item.kind) {
      case 'message':
        return this.#port.deliverMessage(item.message);
      case 'member':
        return this.#port.deliverMember(item.member);
      case 'group':
        return this.#port.deliverGroup(item.group);
      case 'gap':
        return this.#port.deliverGap(item.gap);
      case 'passed':
        return undefined;
    }
  }

  #onSettled(item: DeliveryItem): void {
    // The server would refuse acks of the old epoch.
    if (item.kind === 'gap' && item.gap.reason === 'epoch') this.#acks.forget(item.channel);
    // In manual mode, an own send or a gap does not acknowledge the messages before it.
    if (this.#options.ackMode === 'auto') this.#acks.take(item.channel, { epoch: item.epoch, offset: item.offset });
    if (!this.#isLeavingOut) return;
    const { queuedItems, queuedSize } = this.#queue;
    if (queuedItems * 2 > this.#options.maxQueuedEntries || queuedSize * 2 > this.#options.maxQueuedSize) return;
    this.#isLeavingOut = false;
    this.#port.onCaughtUp();
  }

  #faultAt(entry: EntryPush): LongwireError {
    const position = this.#reader.positionOf(entry.channel);
    const expected = position === undefined ? 'none' : position.offset + 1;
    return new LongwireError(
      'position_fault',
      `${entry.channel}: expected offset ${expected}, got ${entry.offset} without a gap; reconnecting from there`,
    );
  }
}
