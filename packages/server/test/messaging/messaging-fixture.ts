// The messaging floor on a real store in memory, with the bus's events written down.

import type { DeviceId, UserId } from '@longwire/protocol';
import type { BusEvent } from '../../src/bus/bus.js';
import { type EntryOrigin, InFlightAppends } from '../../src/bus/in-flight-appends.js';
import { LocalBus } from '../../src/bus/local/local-bus.js';
import { OrderGate } from '../../src/bus/order-gate.js';
import { directChannel } from '../../src/channel/channel.js';
import { addressOf } from '../../src/channel/channel-address.js';
import type { Entry, EntryContent } from '../../src/channel/entry.js';
import { Hub, SHARE_FROM } from '../../src/delivery/hub.js';
import { jsonCodec } from '../../src/delivery/json-codec.js';
import { startPosition } from '../../src/delivery/start-position.js';
import type { UserReaders } from '../../src/delivery/user-readers.js';
import { LocalUsers } from '../../src/membership/local-users.js';
import { MEMBER_CACHE_LIMITS, MemberCache, type MemberCacheLimits } from '../../src/membership/member-cache.js';
import { AppendQueue, type SettledAppend } from '../../src/messaging/append-queue.js';
import { type ChannelSource, channelSlices } from '../../src/messaging/channel-slices.js';
import { CommittedHeads } from '../../src/messaging/committed-heads.js';
import { CursorCache } from '../../src/messaging/cursor-cache.js';
import { GroupAccess } from '../../src/messaging/group-access.js';
import { History } from '../../src/messaging/history.js';
import { KeySearches } from '../../src/messaging/key-searches.js';
import { MessageSender, type OutgoingMessage } from '../../src/messaging/message-sender.js';
import { ReceiptPrivacy } from '../../src/messaging/receipt-privacy.js';
import { Receipts } from '../../src/messaging/receipts.js';
import type { SendOutcome } from '../../src/messaging/send-outcome.js';
import { StoreTurns } from '../../src/messaging/store-turns.js';
import { UserStateCache } from '../../src/messaging/user-state-cache.js';
import { systemClock } from '../../src/runtime/clock.js';
import { RefusalCounter } from '../../src/runtime/refusal-counter.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import type { AppendRequest, MessageLog } from '../../src/storage/message-log.js';
import type { Store } from '../../src/storage/store.js';
import { ModelSession } from '../delivery/model-session.js';
import { contentOf, methodsOf } from '../storage/requests.js';

export const alice = 'alice' as UserId;
export const bob = 'bob' as UserId;
export const phone = 'phone' as DeviceId;

type SendFields = Pick<OutgoingMessage, 'since' | 'channel'> & EntryContent & { readonly to: UserId };

export class MessagingFixture {
  readonly store: Store;
  readonly entries: { entry: Entry; origin: EntryOrigin | undefined; echo: boolean }[] = [];
  readonly events: BusEvent[] = [];
  readonly failures: unknown[] = [];
  readonly refusals = new RefusalCounter();
  readonly turns = new StoreTurns(1_000, this.refusals);
  readonly gate: OrderGate;
  readonly heads: CommittedHeads;
  readonly receipts: Receipts;
  readonly states: UserStateCache;
  readonly privacy: ReceiptPrivacy;
  readonly cursors: CursorCache;
  readonly localUsers = new LocalUsers<UserReaders>();
  readonly members: MemberCache<UserReaders>;
  readonly access: GroupAccess;
  readonly hub: Hub;
  /** What sessions were queued and should not have been. */
  readonly faults: string[] = [];
  readonly queue: AppendQueue;
  readonly sender: MessageSender;
  readonly source: Pick<ChannelSource, 'directory' | 'turns'>;
  /** What `hasRoom` of the sender returns. */
  hasRoom = true;

  /** @param log  instead of the store's */
  constructor(
    store: Store,
    maxWaitingBytes = 1_000_000,
    log: MessageLog = store.log,
    memberLimits: MemberCacheLimits = MEMBER_CACHE_LIMITS,
  ) {
    this.store = store;
    this.source = { directory: store.directory, turns: this.turns };
    const inFlight = new InFlightAppends();
    const clock = systemClock;
    this.gate = new OrderGate(store.log, inFlight, clock, store.lanes, (error) => this.failures.push(error));
    const bus = new LocalBus(this.gate);
    this.heads = new CommittedHeads(store.log, this.gate, this.turns);
    this.states = new UserStateCache({
      states: store.userStates,
      turns: this.turns,
      onFailure: (error) => this.failures.push(error),
    });
    this.privacy = new ReceiptPrivacy(this.states, (error) => this.failures.push(error));
    this.receipts = new Receipts(bus, this.heads, this.privacy);
    this.cursors = new CursorCache({
      cursors: store.cursors,
      turns: this.turns,
      clock,
      onMoved: (user, channel, moved) => this.receipts.onMoved(user, channel, moved),
      onFailure: (error) => this.failures.push(error),
    });
    this.members = new MemberCache(
      {
        log,
        whenApplied: (numbers) => this.gate.whenApplied(numbers),
        users: this.localUsers,
        clock,
        onFailure: (error) => this.failures.push(error),
      },
      memberLimits,
    );
    this.access = new GroupAccess(this.members, store.log, this.turns);
    this.hub = new Hub(
      {
        pages: store.log,
        onPageError: (error) => this.failures.push(error),
        receiptsOf: () => Promise.resolve([]),
        readOf: () => 0,
        hidesReceipts: () => false,
        onRingEmptied: () => undefined,
        room: { freeBytes: Number.MAX_SAFE_INTEGER, noteShared: () => {} },
        users: this.localUsers,
        members: this.members,
      },
      { allRingsBytes: 100_000, shareFrom: SHARE_FROM, receiptMembers: 32 },
    );
    this.gate.follow(this.heads);
    this.hub.attachTo(this.gate);
    const parts = { log, bus, gate: this.gate, inFlight, clock };
    this.queue = new AppendQueue(parts, maxWaitingBytes, (error) => this.failures.push(error));
    this.sender = new MessageSender({
      queue: this.queue,
      searches: new KeySearches(store.log, this.turns),
      members: this.members,
      cursors: this.cursors,
      clock,
      hasRoom: () => this.hasRoom,
      refusals: this.refusals,
      onFailure: (error) => this.failures.push(error),
    });
    this.gate.follow({ onRow: ({ entry }, origin, echo) => entry && this.entries.push({ entry, origin, echo }) });
    bus.subscribe({ onEvent: (event) => this.events.push(event) });
  }

  /** Anything else than a message: from its place in the queue to its outcome. */
  append(request: AppendRequest): Promise<SettledAppend> {
    return new Promise((onSettled) => this.queue.add({ request, origin: undefined, echo: false, onSettled }));
  }

  static async open(maxWaitingBytes = 1_000_000): Promise<MessagingFixture> {
    return new MessagingFixture(await openMemoryStore({ maxBytes: 100_000_000 }), maxWaitingBytes);
  }

  /** As a sign-in does it: the device is stored, all channels are compared, and the session is open. */
  async signIn(
    user: UserId,
    { device = phone, capacity = Number.MAX_SAFE_INTEGER }: { device?: DeviceId; capacity?: number } = {},
  ): Promise<ModelSession<DeviceId>> {
    const session = await this.enter(user, { device, capacity });
    this.hub.finishOpening(session.reader!);
    return session;
  }

  /** The same without the last step. */
  async enter(
    user: UserId,
    { device = phone, capacity = Number.MAX_SAFE_INTEGER }: { device?: DeviceId; capacity?: number } = {},
  ): Promise<ModelSession<DeviceId>> {
    const mustExist = { user: false, device: false };
    const { directory } = this.store;
    await directory.openDevice({ user, device, mustExist, at: 1, inUse: [], unfinished: undefined });
    const kind = { codec: jsonCodec, takesBatches: false };
    const session = new ModelSession(user, device, capacity, kind, this.faults);
    session.reader = this.hub.enter(session);
    for await (const slice of channelSlices({ directory, turns: this.turns, gate: this.gate }, user, device)) {
      this.hub.compare(session.reader, slice, (status) => {
        const start = startPosition(status, { given: undefined, device: 'known', newDeviceBacklog: 1_000 });
        const after = start.gap === undefined ? start.position : start.gap.from - 1;
        session.starts.set(addressOf(status.channel, user), after);
        return start;
      });
    }
    return session;
  }

  history(log: Partial<MessageLog> = {}): History {
    const methods = { ...methodsOf(this.store.log), ...log };
    return new History({ log: methods, directory: this.store.directory, heads: this.heads, turns: this.turns });
  }

  send(
    { to = bob, since, by, from = by === undefined ? alice : undefined, ...rest }: Partial<SendFields> = {},
    onSettled?: (outcome: SendOutcome) => void,
  ): Promise<SendOutcome> {
    const { channel = directChannel(from ?? alice, to), ...content } = rest;
    return new Promise((resolve) => {
      this.sender.send(
        { channel, content: { ...contentOf(alice), from, by, ...content }, since, refusal: undefined },
        { session: undefined, echo: false },
        (outcome) => {
          onSettled?.(outcome);
          resolve(outcome);
        },
      );
    });
  }
}
