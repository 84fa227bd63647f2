// A model of everything around the hub: logs, a page source whose answers come late and in any order, outboxes that
// fill up, devices that come and go, a client that follows the normative algorithm, crashes. The naive reader it is
// compared with knows one thing: the log from its first offset to its last, each entry once, in order.

import type { DeviceId, Epoch, UserId } from '@longwire/protocol';
import type { LaneListener } from '../../src/bus/order-gate.js';
import { type Channel, type ChannelKey, directChannel, namedReaders } from '../../src/channel/channel.js';
import { addressOf } from '../../src/channel/channel-address.js';
import { type Entry, makeEntry, type RemovalReason } from '../../src/channel/entry.js';
import type { LaneRow } from '../../src/channel/lane.js';
import { addGap, type LogGap, mergeItems } from '../../src/channel/log-item.js';
import { Hub, type HubOptions, SHARE_FROM } from '../../src/delivery/hub.js';
import { jsonCodec } from '../../src/delivery/json-codec.js';
import { startPosition } from '../../src/delivery/start-position.js';
import type { ChannelStatus } from '../../src/storage/directory.js';
import type { Page, PageRequest } from '../../src/storage/message-log.js';
import { contentOf, group } from '../storage/requests.js';
import { binaryCodec } from './binary-codec.js';
import { hubAudience } from './hub-audience.js';
import { ModelClient } from './model-client.js';
import { ModelGroups } from './model-groups.js';
import { ModelSession, type SessionKind } from './model-session.js';

export const epoch = 'e1' as Epoch;
/** Channels of one slice of the comparison at sign-in. */
const SLICE_CHANNELS = 2;
/** Entries of a page. */
export const PAGE_LIMIT = 5;

interface PendingPage {
  readonly request: PageRequest;
  readonly resolve: (page: Page) => void;
  /** What was read, once it was: the answer may come much later. */
  page: Page | undefined;
}

export type DeviceSession = ModelSession<ModelDevice>;

export class ModelDevice {
  readonly user: UserId;
  readonly id: DeviceId;
  readonly client = new ModelClient();
  /** Cursors on disk, and those that a crash loses. */
  stored = new Map<ChannelKey, number>();
  unwritten = new Map<ChannelKey, number>();
  session: DeviceSession | undefined;

  /** How its sessions are written to. */
  readonly kind: SessionKind;

  constructor(user: UserId, id: DeviceId, kind: SessionKind) {
    this.user = user;
    this.id = id;
    this.kind = kind;
  }
}

interface CommittedRow {
  readonly row: LaneRow & { readonly entry: Entry };
  readonly origin: DeviceSession | undefined;
  readonly echo: boolean;
}

export class ReadingModel {
  readonly users = ['alice', 'bob', 'carol'] as UserId[];
  readonly channels: Channel[];
  readonly devices: ModelDevice[];
  readonly logs = new Map<ChannelKey, Entry[]>();
  /** Offsets that were removed one by one, and up to where everything was. */
  readonly removed = new Map<ChannelKey, Map<number, RemovalReason>>();
  readonly bases = new Map<ChannelKey, number>();
  /** What sessions were queued and should not have been. */
  readonly faults: string[] = [];
  /** Committed, not yet fanned out, in commit order. */
  committed: CommittedRow[] = [];
  readonly groups = new ModelGroups();
  pages: PendingPage[] = [];
  reads = 0;
  hub: Hub;
  readonly #options: HubOptions;
  #listeners: LaneListener[] = [];

  constructor(options: Partial<HubOptions> = {}) {
    this.#options = { allRingsBytes: 64 * 1_048_576, shareFrom: SHARE_FROM, receiptMembers: 32, ...options };
    this.hub = this.#newHub();
    const [alice, bob, carol] = this.users as [UserId, UserId, UserId];
    const peers = ['dave', 'erin', 'frank', 'grace'] as UserId[];
    // The first three have several devices; the others make the directory of bob long.
    this.channels = [
      directChannel(alice, bob),
      directChannel(bob, carol),
      directChannel(alice, alice),
      ...peers.map((peer) => directChannel(bob, peer)),
      group('eng'),
      group('ops'),
    ];
    this.devices = [
      new ModelDevice(alice, 'phone' as DeviceId, { codec: jsonCodec, takesBatches: false }),
      new ModelDevice(bob, 'phone' as DeviceId, { codec: binaryCodec, takesBatches: false }),
      new ModelDevice(bob, 'laptop' as DeviceId, { codec: jsonCodec, takesBatches: true }),
      new ModelDevice(carol, 'phone' as DeviceId, { codec: jsonCodec, takesBatches: false }),
      new ModelDevice(alice, 'laptop' as DeviceId, { codec: binaryCodec, takesBatches: true }),
    ];
  }

  /**
   * Commits an entry; it is fanned out by `publish`.
   * @param changed  joins the group by it, or leaves it
   */
  append(channel: Channel, from: UserId, origin: DeviceSession | undefined, echo: boolean, changed?: UserId): void {
    const log = this.logs.get(channel.key) ?? [];
    this.logs.set(channel.key, log);
    const offset = log.length + 1;
    const entry = makeEntry(channel, contentOf(from, `${offset}`), { epoch, offset, at: offset, messages: offset });
    log.push(entry);
    const seq = this.groups.committed + 1;
    const change = changed && this.groups.toggle(channel, changed, { seq, offset });
    this.groups.committed = seq;
    this.committed.push({ row: { seq, stamp: 0, channel, entry, change }, origin, echo });
  }

  /** Who may read the channel, at some time at least. */
  readersOf(channel: Channel): readonly UserId[] {
    return channel.kind === 'group' ? this.users : namedReaders(channel);
  }

  /** Who may write to the channel now: the user, or else any other one. */
  writerIn(channel: Channel, user: UserId): UserId | undefined {
    const writers = this.readersOf(channel).filter(
      (id) => channel.kind !== 'group' || this.groups.isMember(channel, id),
    );
    return writers.includes(user) ? user : writers[0];
  }

  /** Maintenance removes entries of a log, whether they were fanned out or not. */
  remove(channel: Channel, first: number, count: number, reason: RemovalReason): void {
    const removed = this.removed.get(channel.key) ?? new Map<number, RemovalReason>();
    this.removed.set(channel.key, removed);
    const last = Math.min(first + count - 1, this.logs.get(channel.key)?.length ?? 0);
    for (let offset = first; offset <= last; offset += 1) if (!removed.has(offset)) removed.set(offset, reason);
  }

  /** Maintenance trims a log, up to its end at most. */
  trim(channel: Channel, through: number): void {
    const length = this.logs.get(channel.key)?.length ?? 0;
    this.bases.set(channel.key, Math.max(this.bases.get(channel.key) ?? 0, Math.min(through, length)));
  }

  isGone({ key }: Channel, offset: number): boolean {
    return offset <= (this.bases.get(key) ?? 0) || this.removed.get(key)?.has(offset) === true;
  }

  /** Fans out the oldest committed entry, and queues `sent` for its origin in the same step. */
  publish(): void {
    const next = this.committed.shift();
    if (next === undefined) return;
    const { origin, row, echo } = next;
    const { entry } = row;
    const before = origin?.outbox.length;
    for (const listener of this.#listeners) listener.onRow(row, origin, echo);
    if (!echo && origin?.outbox.length !== before) throw new Error('an entry reached its sender beside `sent`');
    if (origin?.reader?.phase === 'open') {
      const channel = addressOf(entry.channel, origin.user);
      origin.queue(JSON.stringify({ type: 'sent', channel, offset: entry.offset }));
    }
    this.groups.noteApplied(row.seq);
  }

  connect(device: ModelDevice, capacity: number, givesCursors: boolean): void {
    if (device.session !== undefined) return;
    const session = new ModelSession(device.user, device, capacity, device.kind, this.faults);
    device.session = session;
    // A new SDK instance that gives no cursors begins from the device's stored ones: what it was handed may come again.
    if (!givesCursors) this.#forgetClient(device);
    session.reader = this.hub.enter(session);
    const channels = this.channels.filter((channel) => this.readersOf(channel).includes(device.user));
    session.slices = [];
    for (let at = 0; at < channels.length; at += SLICE_CHANNELS) {
      const slice = channels.slice(at, at + SLICE_CHANNELS);
      // The store answers; what is applied before the answer is compared is newer.
      let compare: (() => void)[] = [];
      session.slices.push(
        () => {
          compare = slice.map((channel) => this.#prepareCompare(session, channel, givesCursors));
        },
        () => {
          for (const step of compare) step();
        },
      );
    }
  }

  /** One step of opening: a slice, or after the last one the end of it. */
  openStep(session: DeviceSession): void {
    const slice = session.slices?.shift();
    if (slice !== undefined) slice();
    else if (session.slices !== undefined) {
      session.slices = undefined;
      this.hub.finishOpening(session.reader!);
    }
  }

  /** The client reads up to `count` texts, acknowledges everything it was handed, and the outbox may have room again. */
  drain(session: DeviceSession, count: number): void {
    for (const text of session.take(count)) session.device.client.receive(text);
    for (const channel of this.channels) {
      const position = session.device.client.positions.get(addressOf(channel, session.user));
      if (position !== undefined && this.readersOf(channel).includes(session.user))
        session.device.unwritten.set(channel.key, position);
    }
  }

  /** An open session gets, reads and acknowledges everything there is: its device is at the head of every channel. */
  async catchUp(session: DeviceSession): Promise<void> {
    while (this.committed.length > 0) this.publish();
    do {
      while (this.pages.length > 0) await this.answerPage(0);
      this.drain(session, Number.MAX_SAFE_INTEGER);
    } while (this.pages.length > 0 || session.outbox.length > 0);
  }

  disconnect(device: ModelDevice): void {
    if (device.session === undefined) return;
    this.hub.leave(device.session.reader!);
    device.session = undefined;
  }

  /** The log is read for this page, as it is now. */
  readPage(index: number): void {
    const pending = this.pages[index];
    if (pending !== undefined) pending.page ??= this.#page(pending.request);
  }

  /** @param endsTurn whether the turn of the event loop ends with it, and with it what is shared in a turn */
  async answerPage(index: number, endsTurn = true): Promise<void> {
    this.readPage(index);
    const [pending] = this.pages.splice(index, 1);
    if (pending === undefined) return;
    pending.resolve(pending.page!);
    // The hub deals the page out in the reactions of that promise.
    if (endsTurn) await new Promise((resolve) => setImmediate(resolve));
    else for (let reactions = 0; reactions < 10; reactions += 1) await undefined;
  }

  writeCursors(): void {
    for (const device of this.devices) {
      for (const [channel, offset] of device.unwritten) {
        device.stored.set(channel, Math.max(offset, device.stored.get(channel) ?? 0));
      }
    }
  }

  /** The process dies: sessions, hub, unwritten cursors are gone; what was committed stays. */
  crash(): void {
    for (const device of this.devices) {
      device.session = undefined;
      device.unwritten = new Map();
    }
    this.committed = [];
    this.groups.noteApplied(this.groups.committed);
    this.pages = [];
    this.hub = this.#newHub();
  }

  /** Everything is fanned out, answered and read, until nothing moves any more. */
  async settle(): Promise<void> {
    for (const device of this.devices) this.connect(device, 4, true);
    let isMoving = true;
    while (isMoving) {
      isMoving = this.committed.length > 0 || this.pages.length > 0;
      while (this.committed.length > 0) this.publish();
      while (this.pages.length > 0) await this.answerPage(0);
      for (const { session } of this.devices) {
        if (session === undefined) continue;
        if (session.slices !== undefined || session.outbox.length > 0) isMoving = true;
        while (session.slices !== undefined) this.openStep(session);
        this.drain(session, Number.MAX_SAFE_INTEGER);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Reads how the session stands to the channel, and returns what compares it. */
  #prepareCompare(session: DeviceSession, channel: Channel, givesCursors: boolean): () => void {
    const nothing = (): void => undefined;
    const log = this.logs.get(channel.key) ?? [];
    if (log.length === 0) return nothing;
    // The store answers in the order of commits: what it reports as head has been fanned out.
    const head = log.length - this.committed.filter(({ row }) => row.channel.key === channel.key).length;
    if (head === 0) return nothing;
    const { device } = session;
    const cursor = Math.max(device.stored.get(channel.key) ?? 0, device.unwritten.get(channel.key) ?? 0);
    const stay = channel.kind === 'group' ? this.groups.appliedStay(channel, session.user) : ALWAYS;
    if (stay === undefined || cursor >= (stay.left ?? Number.POSITIVE_INFINITY)) return nothing;
    const { dueFrom, visibleFrom, left } = stay;
    const status: ChannelStatus = {
      channel,
      epoch,
      head,
      base: this.bases.get(channel.key) ?? 0,
      dueFrom,
      visibleFrom,
      left,
      cursor: cursor === 0 ? undefined : Math.min(cursor, head),
      read: 0,
      recency: head,
    };
    const known = givesCursors ? device.client.positions.get(addressOf(channel, session.user)) : undefined;
    const given = known === undefined ? undefined : { epoch, offset: Math.min(known, head) };
    return () =>
      this.hub.compare(session.reader!, [status], (compared) => {
        const start = startPosition(compared, { given, device: 'known', newDeviceBacklog: 1_000 });
        const after = start.gap === undefined ? start.position : start.gap.from - 1;
        session.starts.set(addressOf(channel, session.user), after);
        return start;
      });
  }

  #forgetClient(device: ModelDevice): void {
    device.client.positions.clear();
    device.client.handed.clear();
    device.client.answered.clear();
    device.client.skipped.clear();
    for (const channel of this.channels) {
      const cursor = Math.max(device.stored.get(channel.key) ?? 0, device.unwritten.get(channel.key) ?? 0);
      const address = addressOf(channel, device.user);
      // What was acknowledged counts as handed on by the instance before.
      if (cursor > 0) {
        const acknowledged = Array.from({ length: cursor }, (_, index) => index + 1);
        const due = channel.kind === 'group' ? this.groups.due(channel, device.user, cursor).all : undefined;
        device.client.handed.set(
          address,
          acknowledged.filter((offset) => due?.has(offset) ?? true),
        );
        device.client.positions.set(address, cursor);
      }
    }
  }

  #page({ channel, offset }: PageRequest): Page {
    const log = this.logs.get(channel.key) ?? [];
    const base = this.bases.get(channel.key) ?? 0;
    const removed = this.removed.get(channel.key);
    const start = Math.max(offset, base);
    const entries: Entry[] = [];
    const gaps: LogGap[] = [];
    if (base > offset) addGap(gaps, offset + 1, base, 'expired');
    for (const entry of log.slice(start, start + PAGE_LIMIT)) {
      const reason = removed?.get(entry.offset);
      if (reason === undefined) entries.push(entry);
      else addGap(gaps, entry.offset, entry.offset, reason);
    }
    const items = mergeItems(entries, gaps);
    return { channel, epoch, head: log.length, base, items, more: start + PAGE_LIMIT < log.length };
  }

  #newHub(): Hub {
    const hub = new Hub(
      {
        pages: {
          page: (request) => {
            this.reads += 1;
            return new Promise((resolve) => this.pages.push({ request, resolve, page: undefined }));
          },
        },
        onPageError: (error) => {
          throw error;
        },
        receiptsOf: () => Promise.resolve([]),
        readOf: () => 0,
        hidesReceipts: () => false,
        onRingEmptied: () => undefined,
        // One of the two groups is loaded at a time.
        ...hubAudience({ log: this.groups.log, whenApplied: this.groups.whenApplied }, { channels: 1, members: 100 }),
        room: { freeBytes: Number.MAX_SAFE_INTEGER, noteShared: () => {} },
      },
      this.#options,
    );
    this.#listeners = [];
    hub.attachTo({ follow: (listener) => this.#listeners.push(listener) });
    return hub;
  }
}

const ALWAYS = { dueFrom: 1, visibleFrom: 1, left: undefined };
