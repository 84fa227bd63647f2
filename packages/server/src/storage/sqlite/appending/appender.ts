// Appends inside the open transaction: keys, rights, offsets and counts of one batch after the other.

import { type Channel, isReplacedBySlot } from '../../../channel/channel.js';
import { contentBytes, type EntryContent, messageKind } from '../../../channel/entry.js';
import { assertStorable } from '../../append-check.js';
import { nameOf } from '../../channel-name.js';
import type { AppendRequest } from '../../message-log.js';
import { changeText } from '../change-text.js';
import { type DamageListener, damageAt, isDamage } from '../damage.js';
import type { EntryRemover } from '../entry-remover.js';
import type { Authorship } from '../places/authorship.js';
import type { PlaceRing, RecentPlaces } from '../places/recent-places.js';
import { type ChannelState, namedNumber } from '../tables/channel-state.js';
import type { ChannelTable } from '../tables/channel-table.js';
import { type EntryRow, MESSAGE_KIND } from '../tables/entry-row.js';
import type { EntryTable } from '../tables/entry-table.js';
import type { ConcernedMembers, RightsTable } from '../tables/rights-table.js';
import type { RowNames } from '../tables/row-names.js';
import type { WorkerCalls } from '../threads/worker-messages.js';
import {
  type BatchFrame,
  CONTROLLED,
  DAMAGED,
  type FlatResults,
  pushQuotaRefusal,
  pushRefusal,
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
import { RowWriter, type RowWriterParts } from './row-writer.js';
import type { UsageLedger } from './usage-ledger.js';

/** Where a request goes, and from whom. */
interface Place {
  /** Undefined: its channel begins with it. */
  readonly known: ChannelState | undefined;
  /** The first attempt, if its key is known. */
  readonly first: EntryRow | 'unsearched' | undefined;
  /** Number of the user or, negative, of the application that writes; 0: the server itself; undefined: never seen. */
  readonly author: number | undefined;
  /** Number of the other user of a direct channel; undefined: never seen. */
  readonly recipient: number | undefined;
  /** Number of the entry's kind; undefined: never seen. */
  readonly kind: number | undefined;
  readonly concerned: ConcernedMembers | undefined;
}

interface AppenderParts extends RowWriterParts {
  readonly rights: RightsTable;
  readonly recent: RecentPlaces;
  readonly judge: QuotaJudge;
  readonly remover: EntryRemover;
}

const NO_ROWS: ReadonlyMap<number, number> = new Map();

export class Appender {
  readonly #onDamage: DamageListener;
  readonly #names: RowNames;
  readonly #channels: ChannelTable;
  readonly #rights: RightsTable;
  readonly #keys: KeyLookup;
  readonly #entries: EntryTable;
  readonly #rows: RowWriter;
  readonly #ring: PlaceRing;
  readonly #recent: RecentPlaces;
  readonly #authorship: Authorship;
  readonly #ledger: UsageLedger;
  readonly #judge: QuotaJudge;
  readonly #remover: EntryRemover;
  /** The number of the newest row that is committed, and of the newest one in the open transaction. */
  #committed: number;
  #newest: number;
  /** The number of the newest row when the store was opened. */
  readonly #openedAt: number;

  constructor(era: string, onDamage: DamageListener, parts: AppenderParts) {
    this.#onDamage = onDamage;
    this.#names = parts.names;
    this.#channels = parts.channels;
    this.#rights = parts.rights;
    this.#keys = parts.keys;
    this.#entries = parts.entries;
    this.#rows = new RowWriter(era, onDamage, parts);
    this.#ring = parts.ring;
    this.#recent = parts.recent;
    this.#authorship = parts.authorship;
    this.#ledger = parts.ledger;
    this.#judge = parts.judge;
    this.#remover = parts.remover;
    this.#committed = parts.recent.newest;
    this.#newest = this.#committed;
    this.#openedAt = this.#committed;
  }

  /**
   * Appends one batch and adds its results to `results`.
   * @throws TypeError, ServerError `corrupt`, SqlFailure: the transaction must be rolled back
   */
  append({ requests, stamp, isSecondTry }: BatchFrame, results: FlatResults): void {
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
    { from, by, key, since }: WorkerCalls['keySearchRange']['input'],
  ): WorkerCalls['keySearchRange']['output'] {
    const author = this.#names.findAuthor({ from, by });
    if (author === undefined) return undefined;
    return { ...this.#keys.searchRange(state, author, key, since), life: state.life };
  }

  /** The rows are stored: they can be found from now on. */
  commit(): void {
    this.#keys.commit();
    this.#ledger.commitReturned();
    if (this.#newest === this.#committed) return;
    this.#committed = this.#newest;
    this.#authorship.commit();
    this.#ledger.commit(this.#newest);
    this.#recent.catchUp(this.#newest);
    this.#ring.publish(this.#newest);
  }

  rollback(): void {
    this.#keys.rollback();
    this.#authorship.rollback();
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

  #pushStored({ channel }: AppendRequest, seq: number, results: FlatResults): void {
    const { offset, at, messages, change } = this.#entries.read(seq)!;
    const outcome = offset === 0 ? CONTROLLED : STORED;
    results.push(outcome, seq, this.#channels.find(nameOf(channel))!.life, offset, at, messages, change ?? 0);
  }

  #appendOne(request: AppendRequest, stamp: number, results: FlatResults): void {
    assertStorable(request);
    let place: Place;
    try {
      place = this.#lookUp(request);
    } catch (error) {
      if (!isDamage(error)) throw error;
      // Nothing was changed for this request: the others of its batch, of other channels mostly, are stored.
      this.#onDamage(damageAt(nameOf(request.channel), error));
      pushRefusal(DAMAGED, this.newest, results);
      return;
    }
    const { known, first } = place;
    if (first === 'unsearched') {
      pushRefusal(UNSEARCHED, this.newest, results);
      return;
    }
    if (known !== undefined && first !== undefined) {
      results.push(REPEATED, this.newest, known.life, first.offset, first.at, first.messages, 0);
      return;
    }
    const refused = this.#refusalOf(request, known);
    if (refused !== undefined) {
      pushRefusal(refused, this.newest, results, known?.rights);
      return;
    }
    const size = request.content === undefined ? 0 : contentBytes(request.content);
    const demand = this.#judge.groupDemandOf(request, known, place.concerned);
    const refusal =
      (demand && this.#judge.judgeGroups(demand, request.at)) ??
      this.#judge.judge(request, { known, sender: place.author, recipient: place.recipient }, size);
    if (refusal !== undefined) {
      pushQuotaRefusal(refusal, this.newest, results);
      return;
    }
    this.#store(request, place, { stamp, size }, results);
    if (demand !== undefined) this.#judge.countGroups(demand, request.at);
  }

  /** What stands against an append, before its quotas are looked at. */
  #refusalOf(request: AppendRequest, known: ChannelState | undefined): number | undefined {
    if (request.guard.isRefused) return REFUSED;
    if (isStale(request, known)) return STALE;
    return this.#knowsUsers(request) ? undefined : UNKNOWN_USER;
  }

  /** Everything that can meet damage, before anything of the channel is written. */
  #lookUp({ channel, content, since, change }: AppendRequest): Place {
    const known = this.#channels.find(nameOf(channel));
    const author = content === undefined ? 0 : this.#authorIn(known, content);
    const isKeyed = known !== undefined && author !== undefined && content?.key !== undefined;
    // An author who was never seen has never stored anything.
    const first = isKeyed ? this.#keys.find(known, author, content.key!, since) : undefined;
    return {
      known,
      first,
      author,
      recipient: this.#recipientIn(known, channel, content),
      kind: content === undefined || content.kind === messageKind ? MESSAGE_KIND : this.#names.kinds.find(content.kind),
      concerned: change && this.#rights.concerned(known, change),
    };
  }

  #authorIn(known: ChannelState | undefined, { from, by }: EntryContent): number | undefined {
    const named = known === undefined || from === undefined ? undefined : namedNumber(known, from);
    return named ?? this.#names.findAuthor({ from, by });
  }

  #recipientIn(
    known: ChannelState | undefined,
    channel: Channel,
    content: EntryContent | undefined,
  ): number | undefined {
    if (channel.kind === 'inbox' && known === undefined) return this.#names.users.find(channel.user);
    if (channel.kind !== 'direct') return undefined;
    const isFromLow = content?.from === channel.low;
    if (known !== undefined) return isFromLow ? known.highUser : known.lowUser;
    // Both, because damage has to be met before anything is written.
    const low = this.#names.users.find(channel.low);
    const high = this.#names.users.find(channel.high);
    return isFromLow ? high : low;
  }

  #knowsUsers({ mustExist }: AppendRequest): boolean {
    return mustExist.length === 0 || mustExist.every((id) => this.#names.users.find(id) !== undefined);
  }

  #store(
    { channel, content, change, at }: AppendRequest,
    place: Place,
    { stamp, size }: { readonly stamp: number; readonly size: number },
    results: FlatResults,
  ): void {
    const state = place.known ?? this.#create(channel, at);
    const seq = this.#newest + 1;
    const offset = content === undefined ? 0 : state.head + 1;
    if (content === undefined && state.head === 0) state.isBegun = false;
    const applied = change && this.#rights.apply(state, change, place.concerned!, { seq, offset, at });
    const text = applied && changeText(applied);
    const row = { seq, at, stamp, size, change: text, author: place.author, kind: place.kind };
    if (content === undefined) this.#rows.insertControl(state, row);
    else {
      this.#rows.insertEntry(state, content, row);
      const isReplacing = content.kind === messageKind && isReplacedBySlot(channel);
      if (content.slot !== undefined && isReplacing) this.#remover.supersede(state, content.slot, seq);
    }
    this.#newest = seq;
    const outcome = content === undefined ? CONTROLLED : STORED;
    results.push(outcome, seq, state.life, offset, state.lastAt, state.messages, text ?? 0);
  }

  #create(channel: Channel, at: number): ChannelState {
    const { users } = this.#names;
    switch (channel.kind) {
      case 'direct':
        return this.#channels.create(channel, users.ensure(channel.low, at), users.ensure(channel.high, at), at);
      case 'inbox': {
        const user = users.ensure(channel.user, at);
        return this.#channels.create(channel, user, user, at);
      }
      case 'group':
      case 'all':
      case 'topic':
        return this.#channels.create(channel, 0, 0, at);
    }
  }
}

function isStale({ channel, guard, change }: AppendRequest, known: ChannelState | undefined): boolean {
  if (known?.isClosed === true) return true;
  if (guard.rightsVersion !== 'any' && guard.rightsVersion !== (known?.rights ?? 0)) return true;
  // A group begins with the first join.
  const begins = channel.kind !== 'group' || change?.members.some(({ type }) => type === 'join') === true;
  return known === undefined && !begins;
}
