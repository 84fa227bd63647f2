// Appends inside the open transaction: keys, offsets and counts of one batch after the other.

import type { Position, UserId } from '@longwire/protocol';
import { contentBytes, type EntryContent, messageKind } from '../../../channel/entry.js';
import { assertStorable } from '../../append-check.js';
import { type ChannelName, type DirectPair, nameOf } from '../../channel-name.js';
import { epochOf } from '../../epoch.js';
import type { AppendRequest } from '../../message-log.js';
import { type DamageListener, damageAt, isDamage } from '../damage.js';
import type { PlaceRing, RecentPlaces } from '../places/recent-places.js';
import { type ChannelState, memberNumber } from '../tables/channel-state.js';
import type { ChannelTable } from '../tables/channel-table.js';
import { type EntryRow, MESSAGE_KIND, type StoredReply } from '../tables/entry-row.js';
import type { EntryTable } from '../tables/entry-table.js';
import type { UserTable } from '../tables/user-table.js';
import type { WorkerCalls } from '../threads/worker-messages.js';
import {
  type BatchFrame,
  DAMAGED,
  pushQuotaRefusal,
  REFUSED,
  REPEATED,
  REQUEST_STRIDE,
  requestAt,
  STALE,
  STORED,
  UNKNOWN_USER,
  UNSEARCHED,
} from './append-frames.js';
import type { KeyLookup } from './key-lookup.js';
import type { QuotaJudge } from './quota-judge.js';
import type { UsageLedger } from './usage-ledger.js';

/** Where a request goes. */
interface Place {
  /** Undefined: its channel begins with it. */
  readonly known: ChannelState | undefined;
  /** The first attempt, if its key is known. */
  readonly first: EntryRow | undefined;
  /** Undefined: never seen. */
  readonly lowUser: number | undefined;
  readonly highUser: number | undefined;
}

interface AppenderParts {
  readonly users: UserTable;
  readonly channels: ChannelTable;
  readonly keys: KeyLookup;
  readonly entries: EntryTable;
  readonly ring: PlaceRing;
  readonly recent: RecentPlaces;
  readonly ledger: UsageLedger;
  readonly judge: QuotaJudge;
}

/** A request that this engine stores: a message of a user in a direct channel. */
type DirectRequest = AppendRequest & { readonly content: EntryContent & { readonly from: UserId } };

const NO_ROWS: ReadonlyMap<number, number> = new Map();

export class Appender {
  readonly #era: string;
  readonly #onDamage: DamageListener;
  readonly #users: UserTable;
  readonly #channels: ChannelTable;
  readonly #keys: KeyLookup;
  readonly #entries: EntryTable;
  readonly #ring: PlaceRing;
  readonly #recent: RecentPlaces;
  readonly #ledger: UsageLedger;
  readonly #judge: QuotaJudge;
  /** The number of the newest row that is committed, and of the newest one in the open transaction. */
  #committed: number;
  #newest: number;
  /** The number of the newest row when the store was opened. */
  readonly #openedAt: number;

  constructor(era: string, onDamage: DamageListener, parts: AppenderParts) {
    this.#era = era;
    this.#onDamage = onDamage;
    this.#users = parts.users;
    this.#channels = parts.channels;
    this.#keys = parts.keys;
    this.#entries = parts.entries;
    this.#ring = parts.ring;
    this.#recent = parts.recent;
    this.#ledger = parts.ledger;
    this.#judge = parts.judge;
    this.#committed = parts.recent.newest;
    this.#newest = this.#committed;
    this.#openedAt = this.#committed;
  }

  /**
   * Appends one batch and adds its results to `results`.
   * @throws TypeError, ServerError `corrupt`, SqlFailure: the transaction must be rolled back
   */
  append({ requests, stamp, isSecondTry }: BatchFrame, results: number[]): void {
    const count = requests.length / REQUEST_STRIDE;
    const stored = isSecondTry ? this.#rowsStamped(stamp, count) : NO_ROWS;
    for (let index = 0; index < count; index += 1) {
      const request = requestAt(requests, index);
      const seq = stored.get(stamp + index);
      if (seq === undefined) this.#appendOne(request, stamp + index, results);
      else this.#pushStored(request, seq, results);
    }
  }

  /** The number of the newest row, that of the open transaction included. */
  get newest(): number {
    return this.#newest;
  }

  /** Where a key would have to be searched, beside the commits. Undefined: its sender has never stored anything there. */
  searchRange(
    state: ChannelState,
    { from, key, since }: WorkerCalls['keySearchRange']['input'],
  ): WorkerCalls['keySearchRange']['output'] {
    const sender = memberNumber(state, from);
    if (sender === undefined) return undefined;
    return { ...this.#keys.searchRange(state, sender, key, since), life: state.life };
  }

  /** The rows are stored: they can be found from now on. */
  commit(): void {
    this.#keys.commit();
    if (this.#newest === this.#committed) return;
    this.#committed = this.#newest;
    this.#ledger.commit(this.#newest);
    this.#recent.catchUp(this.#newest);
    this.#ring.publish(this.#newest);
  }

  rollback(): void {
    this.#keys.rollback();
    this.#ledger.rollback();
    this.#newest = this.#committed;
  }

  /** Rows of an earlier try by their stamps. Stamps ascend with the rows of one process. */
  #rowsStamped(stamp: number, count: number): ReadonlyMap<number, number> {
    const found = new Map<number, number>();
    for (let seq = this.#newest; seq > this.#openedAt; seq -= 1) {
      const row = this.#entries.read(seq);
      if (row === undefined || row.stamp < stamp) break;
      if (row.stamp < stamp + count) found.set(row.stamp, seq);
    }
    return found;
  }

  #pushStored({ channel }: AppendRequest, seq: number, results: number[]): void {
    const { offset, at, messages } = this.#entries.read(seq)!;
    results.push(STORED, seq, this.#channels.find(nameOf(channel))!.life, offset, at, messages);
  }

  #appendOne(request: AppendRequest, stamp: number, results: number[]): void {
    assertDirect(request);
    const pair = pairOf(request);
    const name = nameOf(request.channel);
    let place: Place | typeof UNKNOWN_USER | typeof UNSEARCHED;
    try {
      place = this.#lookUp(request, pair);
    } catch (error) {
      if (!isDamage(error)) throw error;
      // Nothing was changed for this request: the others of its batch, of other channels mostly, are stored.
      this.#onDamage(damageAt(name, error));
      results.push(DAMAGED, this.newest, 0, 0, 0, 0);
      return;
    }
    if (typeof place === 'number') {
      results.push(place, this.newest, 0, 0, 0, 0);
      return;
    }
    const { known, first } = place;
    if (known !== undefined && first !== undefined) {
      results.push(REPEATED, this.newest, known.life, first.offset, first.at, first.messages);
      return;
    }
    if (request.guard.isRefused) {
      results.push(REFUSED, this.newest, 0, 0, 0, 0);
      return;
    }
    const { rightsVersion } = request.guard;
    if (rightsVersion !== 'any' && rightsVersion !== 0) {
      results.push(STALE, this.newest, 0, 0, 0, 0);
      return;
    }
    const size = contentBytes(request.content);
    const refusal = this.#judge.judge(request, place, size);
    if (refusal !== undefined) {
      pushQuotaRefusal(refusal, this.newest, results);
      return;
    }
    const state = known ?? this.#createChannel(name, pair, request.at);
    this.#insertEntry(state, request, stamp, size);
    results.push(STORED, state.lastRow, state.life, state.head, state.lastAt, state.messages);
  }

  /** Everything that can meet damage, before anything of the channel is written. */
  #lookUp(request: DirectRequest, pair: DirectPair): Place | typeof UNKNOWN_USER | typeof UNSEARCHED {
    const known = this.#channels.find(nameOf(request.channel));
    if (known !== undefined) {
      const first =
        request.content.key === undefined ? undefined : this.#findFirst(known, request, request.content.key);
      if (first === 'unsearched') return UNSEARCHED;
      return { known, first, lowUser: known.lowUser, highUser: known.highUser };
    }
    if (request.guard.isRefused) return { known, first: undefined, lowUser: undefined, highUser: undefined };
    if (request.mustExist.some((id) => this.#users.find(id) === undefined)) return UNKNOWN_USER;
    return { known, first: undefined, lowUser: this.#users.find(pair[0]), highUser: this.#users.find(pair[1]) };
  }

  #createChannel(name: ChannelName, pair: DirectPair, at: number): ChannelState {
    const lowUser = this.#users.ensure(pair[0], at);
    const highUser = this.#users.ensure(pair[1], at);
    return this.#channels.createDirect(name, pair, lowUser, highUser, at);
  }

  #findFirst(state: ChannelState, request: DirectRequest, key: string): EntryRow | 'unsearched' | undefined {
    const sender = memberNumber(state, request.content.from);
    // A sender who is not of the channel has never stored anything in it.
    return sender === undefined ? undefined : this.#keys.find(state, sender, key, request.since);
  }

  /** @param size  of body and headers */
  #insertEntry(state: ChannelState, request: DirectRequest, stamp: number, size: number): void {
    const { content } = request;
    const isLow = content.from === state.pair[0];
    const sender = isLow ? state.lowUser : state.highUser;
    const seq = this.#newest + 1;
    const offset = state.head + 1;
    const at = Math.max(request.at, state.lastAt);
    const messages = state.messages + 1;
    const bytes = state.bytes + size;
    const lowMessages = state.lowMessages + (isLow ? 1 : 0);
    const lowBytes = state.lowBytes + (isLow ? size : 0);
    this.#entries.insert(seq, {
      channel: state.number,
      offset,
      kind: MESSAGE_KIND,
      sender,
      application: 0,
      at,
      stamp,
      messages,
      senderMessages: isLow ? lowMessages : messages - lowMessages,
      bytes,
      senderBytes: isLow ? lowBytes : bytes - lowBytes,
      removed: undefined,
      body: content.body,
      bodyFormat: content.bodyFormat,
      key: content.key,
      slot: content.slot,
      headers: content.headers,
      contentType: content.contentType,
      replyTo: this.#storedReply(state, content.replyTo),
      target: undefined,
      expiresAt: undefined,
    });
    if (content.key !== undefined) this.#keys.add(state, sender, content.key, seq);
    this.#ring.set(seq, state.number, offset);
    this.#newest = seq;
    const senderMessages = isLow ? lowMessages : messages - lowMessages;
    this.#ledger.count({
      sender,
      peer: state.lowUser === state.highUser ? undefined : isLow ? state.highUser : state.lowUser,
      bytes: size,
      isFirst: offset === 1,
      isAnswer: senderMessages === 1 && messages > 1,
      channelCreatedAt: state.createdAt,
    });
    state.head = offset;
    state.messages = messages;
    state.lowMessages = lowMessages;
    state.bytes = bytes;
    state.lowBytes = lowBytes;
    state.lastAt = at;
    state.lastRow = seq;
  }

  #storedReply(state: ChannelState, replyTo: Position | undefined): StoredReply | undefined {
    if (replyTo === undefined) return undefined;
    const isPresent = replyTo.epoch === epochOf(this.#era, state.life);
    return { offset: replyTo.offset, epoch: isPresent ? undefined : replyTo.epoch };
  }
}

/** @throws TypeError for what this engine does not store */
function assertDirect(request: AppendRequest): asserts request is DirectRequest {
  assertStorable(request);
  const { channel, content, change } = request;
  const isMessage = content?.kind === messageKind && content.from !== undefined && content.target === undefined;
  if (channel.kind === 'direct' && isMessage && content.expiresAt === undefined && change === undefined) return;
  throw new TypeError(`expected a message of a user in a direct channel, got another append to ${channel.key}`);
}

function pairOf({ channel }: AppendRequest): DirectPair {
  if (channel.kind !== 'direct') throw new TypeError(`expected a direct channel, got ${channel.key}`);
  return [channel.low, channel.high];
}
