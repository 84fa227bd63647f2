// The logs of the memory engine.

import type { UserId } from '@longwire/protocol';
import { type Channel, type DirectChannel, isReplacedBySlot } from '../../channel/channel.js';
import { contentBytes, type Entry, type EntryContent, makeEntry, messageKind } from '../../channel/entry.js';
import type { Lane, LanePage, LaneRow } from '../../channel/lane.js';
import { addGap, type LogGap, mergeItems } from '../../channel/log-item.js';
import type { ChannelRights, Stay } from '../../channel/membership.js';
import { assertBatchSize, assertPageCount, assertStorable } from '../append-check.js';
import { nameOf } from '../channel-name.js';
import { MAINTENANCE_STEP_MS, type MaintenanceProgress, type MaintenanceStep } from '../maintenance.js';
import type {
  AppendAttempt,
  AppendOutcome,
  AppendRequest,
  AppendResult,
  BlockedPage,
  ChannelHead,
  Heads,
  KeySearch,
  MemberPage,
  MessageLog,
  Page,
  PageRequest,
  PendingPage,
  PendingPlaces,
  RightsSlice,
  SearchedKey,
} from '../message-log.js';
import type { StoreQuotas } from '../quotas.js';
import { MemoryMaintenance } from './memory-maintenance.js';
import { MemoryQuotas } from './memory-quotas.js';
import { applyChange, blocks, compareBytes, presentMembers, rightsOf } from './memory-rights.js';
import { MEMORY_LANE, type MemoryChannel, type MemoryState, senderOf } from './memory-state.js';

const FEED_BYTES = 1_048_576;

export class MemoryMessageLog implements MessageLog {
  readonly #state: MemoryState;
  readonly #quotas: MemoryQuotas;
  readonly #maintenance: MemoryMaintenance;

  constructor(state: MemoryState, quotas: StoreQuotas) {
    this.#state = state;
    this.#quotas = new MemoryQuotas(state, quotas);
    this.#maintenance = new MemoryMaintenance(state, this.#quotas);
  }

  async append(batch: readonly AppendRequest[], attempt: AppendAttempt): Promise<AppendOutcome> {
    this.#state.assertOpen();
    assertBatchSize(batch.length);
    // The whole batch is checked before any of it is stored: a bad request must not leave half a batch behind.
    for (const request of batch) assertStorable(request);
    const own = attempt.isSecondTry ? this.#rowsOf(attempt.stamp, batch.length) : NO_ROWS;
    const missing = batch.filter((_, index) => !own.has(attempt.stamp + index));
    const fresh = missing.filter(
      (request) => !request.guard.isRefused && this.#knowsUsers(request) && this.#firstWithKey(request) === undefined,
    );
    const newChannels = new Set(
      fresh.map(({ channel }) => channel.key).filter((key) => !this.#state.channels.has(key)),
    );
    this.#state.reserveRows(fresh, newChannels.size);
    const results = batch.map((request, index) => {
      const stamp = attempt.stamp + index;
      const row = own.get(stamp);
      return row === undefined ? this.#appendOne(request, stamp) : stored(row);
    });
    // Those that were refused when it was their turn were counted as well.
    const reserved = new Set(fresh);
    const refused = batch.filter((request, index) => reserved.has(request) && !isStored(results[index]!));
    const notCreated = [...newChannels].filter((key) => !this.#state.channels.has(key));
    this.#state.releaseRows(refused, notCreated.length);
    return { outcome: 'done', lane: MEMORY_LANE, results };
  }

  async feed(_lane: Lane, after: number, limit: number): Promise<LanePage> {
    this.#state.assertOpen();
    const candidates = this.#state.rows.slice(after, after + limit);
    const count = countWithin(candidates, FEED_BYTES, ({ entry }) => (entry === undefined ? 0 : contentBytes(entry)));
    const rows = candidates.slice(0, count).map((row) => this.#feedRow(row));
    return { rows: rows.filter((row) => row !== undefined), through: after + count };
  }

  async maintain(step: MaintenanceStep, budgetMs = MAINTENANCE_STEP_MS): Promise<MaintenanceProgress> {
    this.#state.assertOpen();
    return this.#maintenance.run(step, performance.now() + budgetMs);
  }

  /** All keys are recognised, for as long as there is the engine. */
  async searchKey({ since }: KeySearch): Promise<SearchedKey> {
    this.#state.assertOpen();
    return { since, until: since.offset };
  }

  async pages(requests: readonly PageRequest[]): Promise<readonly Page[]> {
    assertPageCount(requests.length);
    return Promise.all(requests.map((request) => this.page(request)));
  }

  async page(request: PageRequest): Promise<Page> {
    this.#state.assertOpen();
    const channel = this.#state.channels.get(request.channel.key);
    const head = this.#headOf(request.channel);
    if (channel === undefined) return { ...head, items: [], more: false };
    return { ...head, ...pageOf(channel, request) };
  }

  async heads(channels: readonly Channel[]): Promise<Heads> {
    this.#state.assertOpen();
    return { heads: channels.map((channel) => this.#headOf(channel)), through: this.#state.through };
  }

  async rights(channels: readonly Channel[]): Promise<RightsSlice> {
    this.#state.assertOpen();
    const rights = channels.map((asked) => {
      const channel = this.#state.channels.get(asked.key);
      return channel === undefined ? noRights(asked) : rightsOf(channel);
    });
    return { rights, through: this.#state.through };
  }

  async countBlocks(user: UserId): Promise<number> {
    this.#state.assertOpen();
    return this.#state.channelsOf(user).filter((channel) => blocks(channel, user)).length;
  }

  async blockedUsers(user: UserId, after: DirectChannel | undefined, limit: number): Promise<BlockedPage | undefined> {
    this.#state.assertOpen();
    const from = after === undefined ? 0 : this.#state.channels.get(after.key)?.number;
    if (from === undefined) return undefined;
    const users: UserId[] = [];
    for (const each of this.#state.channelsOf(user)) {
      if (each.number <= from || each.channel.kind !== 'direct' || !blocks(each, user)) continue;
      users.push(each.channel.low === user ? each.channel.high : each.channel.low);
    }
    return { users: users.slice(0, limit), more: users.length > limit };
  }

  async members(asked: Channel, after: UserId | undefined, limit: number): Promise<MemberPage> {
    this.#state.assertOpen();
    const { through } = this.#state;
    const channel = this.#state.channels.get(asked.key);
    if (channel === undefined) return { members: [], next: undefined, version: 0, through };
    const all = presentMembers(channel);
    const rest = after === undefined ? all : all.filter(({ user }) => compareBytes(user, after) > 0);
    const members = rest.slice(0, limit);
    const next = rest.length > members.length ? members.at(-1)?.user : undefined;
    return { members, next, version: channel.rights.version, through };
  }

  async pending(asked: Channel, after: UserId | undefined, limit: number): Promise<PendingPage> {
    this.#state.assertOpen();
    const { through } = this.#state;
    const channel = this.#state.channels.get(asked.key);
    const all = [...(channel?.pending.values() ?? [])].sort((a, b) => compareBytes(a.user, b.user));
    const rest = after === undefined ? all : all.filter(({ user }) => compareBytes(user, after) > 0);
    const pending = rest.slice(0, limit);
    const next = rest.length > pending.length ? pending.at(-1)?.user : undefined;
    return { pending, next, version: channel?.rights.version ?? 0, through };
  }

  async pendingOf(user: UserId, after: Channel | undefined, limit: number): Promise<PendingPlaces> {
    this.#state.assertOpen();
    const all = [...(this.#state.pendingPlaces.get(user) ?? [])]
      .map(({ channel, pending }) => ({ channel, ...pending.get(user)! }))
      .sort((a, b) => compareBytes(nameOf(a.channel), nameOf(b.channel)));
    const rest =
      after === undefined ? all : all.filter(({ channel }) => compareBytes(nameOf(channel), nameOf(after)) > 0);
    const places = rest.slice(0, limit);
    return { places, next: rest.length > places.length ? places.at(-1)?.channel : undefined };
  }

  async stays(user: UserId, channels: readonly Channel[]): Promise<readonly (readonly Stay[])[]> {
    this.#state.assertOpen();
    return channels.map(({ kind, key }) => {
      const member = kind === 'group' ? this.#state.channels.get(key)?.members.get(user) : undefined;
      return [...(member?.stays ?? [])];
    });
  }

  /** Of a row whose entry was removed, what it changes is left. */
  #feedRow(row: LaneRow): LaneRow | undefined {
    const { seq, stamp, channel, entry, change } = row;
    if (entry === undefined || !this.#state.channels.get(channel.key)!.removed.has(entry.offset)) return row;
    return change && { seq, stamp, channel, entry: undefined, change };
  }

  #headOf(asked: Channel): ChannelHead {
    const channel = this.#state.channels.get(asked.key);
    const head = channel?.entries.length ?? 0;
    return { channel: asked, epoch: head === 0 ? undefined : channel?.epoch, head, base: channel?.base ?? 0 };
  }

  #appendOne(request: AppendRequest, stamp: number): AppendResult {
    const { rows } = this.#state;
    const first = this.#firstWithKey(request);
    if (first !== undefined) {
      return { outcome: 'repeated', seq: rows.length, epoch: first.epoch, offset: first.offset, at: first.at };
    }
    const { guard, content, change } = request;
    if (guard.isRefused) return { outcome: 'refused', seq: rows.length };
    const known = this.#state.channels.get(request.channel.key);
    const { version = 0, isClosed = false } = known?.rights ?? {};
    const isOther = guard.rightsVersion !== 'any' && guard.rightsVersion !== version;
    if (isOther || isClosed || (known === undefined && !begins(request))) {
      return { outcome: 'stale', seq: rows.length, rightsVersion: version };
    }
    if (!this.#knowsUsers(request)) return { outcome: 'unknown-user', seq: rows.length };
    const demand = this.#quotas.groupDemandOf(request);
    const refusal = (demand && this.#quotas.judgeGroups(demand, request.at)) ?? this.#quotas.judge(request);
    if (refusal !== undefined) return { outcome: 'quota', seq: rows.length, ...refusal };

    const channel = this.#state.ensureChannel(request.channel, request.at);
    const seq = rows.length + 1;
    const entry = content === undefined ? undefined : nextEntry(channel, content, request.at);
    const applied = change && applyChange(this.#state, channel, change, { seq, offset: entry?.offset, at: request.at });
    if (demand !== undefined) this.#quotas.countGroups(demand, request.at);
    const row: LaneRow = { seq, stamp, channel: request.channel, entry, change: applied };
    rows.push(row);
    if (entry === undefined) return stored(row);
    channel.entries.push(entry);
    channel.rowNumbers.push(seq);
    channel.recency = seq;
    if (entry.expiresAt !== undefined) {
      this.#state.expiries.add({ at: entry.expiresAt, channel, offset: entry.offset });
    }
    this.#replaceSlot(channel, entry);
    this.#quotas.count(channel, request);
    if (entry.key !== undefined) rememberKey(channel, entry, entry.key);
    return stored(row);
  }

  #replaceSlot(channel: MemoryChannel, { kind, slot, offset }: Entry): void {
    if (slot === undefined || kind !== messageKind || !isReplacedBySlot(channel.channel)) return;
    const older = channel.slots.get(slot);
    if (older !== undefined) this.#maintenance.strip(channel, older, 'superseded');
    channel.slots.set(slot, offset);
  }

  /** The rows of a batch by their stamps. Stamps ascend with the rows. */
  #rowsOf(stamp: number, count: number): ReadonlyMap<number, LaneRow> {
    const found = new Map<number, LaneRow>();
    const { rows } = this.#state;
    for (let index = rows.length - 1; index >= 0 && rows[index]!.stamp >= stamp; index -= 1) {
      const row = rows[index]!;
      if (row.stamp < stamp + count) found.set(row.stamp, row);
    }
    return found;
  }

  #knowsUsers({ mustExist }: AppendRequest): boolean {
    return mustExist.every((id) => this.#state.users.has(id));
  }

  #firstWithKey(request: AppendRequest): Entry | undefined {
    const { channel, content } = request;
    if (content?.key === undefined) return undefined;
    return this.#state.channels.get(channel.key)?.keys.get(senderOf(content))?.get(content.key);
  }
}

const NO_ROWS: ReadonlyMap<number, LaneRow> = new Map();

/** Of the results, those that have a row. */
function isStored({ outcome }: AppendResult): boolean {
  return outcome === 'stored' || outcome === 'controlled';
}

/** A group begins when a user joins it. */
function begins({ channel, change }: AppendRequest): boolean {
  return channel.kind !== 'group' || change?.members.some(({ type }) => type === 'join') === true;
}

function nextEntry(channel: MemoryChannel, content: EntryContent, at: number): Entry {
  const last = channel.entries.at(-1);
  return makeEntry(channel.channel, content, {
    epoch: channel.epoch,
    offset: channel.entries.length + 1,
    at: Math.max(at, last?.at ?? 0),
    messages: (last?.messages ?? 0) + (content.kind === messageKind ? 1 : 0),
  });
}

function stored({ seq, entry, change }: LaneRow): AppendResult {
  if (entry === undefined) return { outcome: 'controlled', seq, change: change! };
  const { epoch, offset, at, messages } = entry;
  return { outcome: 'stored', seq, epoch, offset, at, messages, change };
}

function noRights(channel: Channel): ChannelRights {
  const blocks = { low: false, high: false };
  return { channel, version: 0, isClosed: false, settings: undefined, blocks, memberCount: 0 };
}

function rememberKey(channel: MemoryChannel, entry: Entry, key: string): void {
  const sender = senderOf(entry);
  const keys = channel.keys.get(sender);
  if (keys === undefined) channel.keys.set(sender, new Map([[key, entry]]));
  else keys.set(key, entry);
}

function pageOf(channel: MemoryChannel, request: PageRequest): Pick<Page, 'items' | 'more'> {
  const { base, entries: all } = channel;
  const isAfter = request.direction === 'after';
  const first = isAfter ? Math.max(request.offset, base) + 1 : Math.min(request.offset - 1, all.length);
  const available = Math.max(isAfter ? all.length - first + 1 : first - base, 0);
  const count = Math.min(request.limit, available);
  const candidates = isAfter ? all.slice(first - 1, first - 1 + count) : all.slice(first - count, first).reverse();
  const found = candidates.slice(0, countWithin(candidates, request.maxBytes, bodyBytes));
  if (!isAfter) found.reverse();
  const more = found.length < available;
  const gaps: LogGap[] = [];
  // What lies below the base is one gap: from where the page begins, or to where it comes down to.
  const below = isAfter ? { from: Math.max(request.offset, 0) + 1, to: base } : { from: 1, to: Math.min(base, first) };
  if (below.from <= below.to && (isAfter || !more)) addGap(gaps, below.from, below.to, 'expired');
  const entries: Entry[] = [];
  for (const entry of found) {
    const reason = channel.removed.get(entry.offset);
    if (reason === undefined) entries.push(entry);
    else addGap(gaps, entry.offset, entry.offset, reason);
  }
  return { items: mergeItems(entries, gaps), more };
}

function bodyBytes({ body }: Entry): number {
  return Buffer.byteLength(body);
}

/** How many of the items, from the first, stay within the bytes; at least one. */
function countWithin<Item>(items: readonly Item[], maxBytes: number, bytesOf: (item: Item) => number): number {
  let bytes = 0;
  for (const [index, item] of items.entries()) {
    bytes += bytesOf(item);
    if (index > 0 && bytes > maxBytes) return index;
  }
  return items.length;
}
