// Appends inside the open transaction: keys, offsets and counts of one batch after the other.

import type { Position } from '@longwire/protocol';
import { pairOfRequest } from '../../append-check.js';
import { nameOf } from '../../channel-name.js';
import { epochOf } from '../../epoch.js';
import type { AppendRequest } from '../../message-log.js';
import { type DamageListener, damageAt, isDamage } from '../damage.js';
import type { SqlDatabase, SqlStatement } from '../driver/sql-database.js';
import { newestNumber } from '../driver/sql-database.js';
import type { ChannelState } from '../tables/channel-state.js';
import type { ChannelTable } from '../tables/channel-table.js';
import {
  type EntryRow,
  EntryRowEncoder,
  INSERT_ENTRY,
  INSERT_PLAIN_ENTRY,
  type StoredReply,
} from '../tables/entry-row.js';
import type { UserTable } from '../tables/user-table.js';
import { DAMAGED, type FlatRequests, REFUSED, REPEATED, REQUEST_STRIDE, requestAt, STORED } from './append-frames.js';
import type { KeyLookup } from './key-lookup.js';

/** Where a request goes. */
interface Place {
  /** Undefined: its channel begins with it. */
  readonly known: ChannelState | undefined;
  /** The first attempt, if its key is known. */
  readonly first: EntryRow | undefined;
  readonly lowUser: number;
  readonly highUser: number;
}

export class Appender {
  readonly #era: string;
  readonly #onDamage: DamageListener;
  readonly #users: UserTable;
  readonly #channels: ChannelTable;
  readonly #keys: KeyLookup;
  readonly #insertPlain: SqlStatement;
  readonly #insert: SqlStatement;
  readonly #newest: SqlStatement;
  readonly #encoder = new EntryRowEncoder();
  #nextRow: number | undefined;

  constructor(
    database: SqlDatabase,
    era: string,
    onDamage: DamageListener,
    tables: { readonly users: UserTable; readonly channels: ChannelTable; readonly keys: KeyLookup },
  ) {
    this.#era = era;
    this.#onDamage = onDamage;
    this.#users = tables.users;
    this.#channels = tables.channels;
    this.#keys = tables.keys;
    this.#insertPlain = database.prepare(INSERT_PLAIN_ENTRY);
    this.#insert = database.prepare(INSERT_ENTRY);
    this.#newest = database.prepare('SELECT max(id) AS id FROM entry');
  }

  /**
   * Appends one batch and adds its results to `results`.
   * @throws TypeError, ServerError `corrupt`, SqlFailure: the transaction must be rolled back
   */
  append(requests: FlatRequests, results: number[]): void {
    const count = requests.length / REQUEST_STRIDE;
    for (let index = 0; index < count; index += 1) this.#appendOne(requestAt(requests, index), results);
  }

  /** The next row number is read again. */
  rollback(): void {
    this.#nextRow = undefined;
  }

  #appendOne(request: AppendRequest, results: number[]): void {
    const pair = pairOfRequest(request);
    const name = nameOf(request.channel);
    let place: Place;
    try {
      place = this.#lookUp(request, pair);
    } catch (error) {
      if (!isDamage(error)) throw error;
      // Nothing was changed for this request: the others of its batch, of other channels mostly, are stored.
      this.#onDamage(damageAt(name, error));
      results.push(DAMAGED, 0, 0, 0, 0);
      return;
    }
    const { known, first } = place;
    if (known !== undefined && first !== undefined) {
      results.push(REPEATED, known.life, first.offset, first.at, first.messages);
      return;
    }
    if (request.isRefused) {
      results.push(REFUSED, 0, 0, 0, 0);
      return;
    }
    const state = known ?? this.#channels.createDirect(name, pair, place.lowUser, place.highUser, request.at);
    this.#insertEntry(state, request);
    results.push(STORED, state.life, state.head, state.lastAt, state.messages);
  }

  /** Everything that can meet damage, before anything of the channel is written. */
  #lookUp(request: AppendRequest, pair: ReturnType<typeof pairOfRequest>): Place {
    const known = this.#channels.find(nameOf(request.channel));
    if (known !== undefined) {
      const first =
        request.content.key === undefined ? undefined : this.#findFirst(known, request, request.content.key);
      return { known, first, lowUser: known.lowUser, highUser: known.highUser };
    }
    if (request.isRefused) return { known, first: undefined, lowUser: 0, highUser: 0 };
    const lowUser = this.#users.ensure(pair[0], request.at);
    const highUser = this.#users.ensure(pair[1], request.at);
    return { known, first: undefined, lowUser, highUser };
  }

  #findFirst(state: ChannelState, request: AppendRequest, key: string): EntryRow | undefined {
    const sender = senderNumber(state, request);
    // A sender who is not of the channel has never stored anything in it.
    return sender === undefined ? undefined : this.#keys.find(state, sender, key, request.since);
  }

  #insertEntry(state: ChannelState, request: AppendRequest): void {
    const isLow = request.content.from === state.pair[0];
    const sender = isLow ? state.lowUser : state.highUser;
    const lowMessages = state.lowMessages + (isLow ? 1 : 0);
    const messages = state.messages + 1;
    const at = Math.max(request.at, state.lastAt);
    this.#nextRow ??= newestNumber(this.#newest) + 1;
    const row = this.#nextRow;
    const values = this.#encoder.encode(row, {
      channel: state.number,
      offset: state.head + 1,
      messages,
      senderMessages: isLow ? lowMessages : messages - lowMessages,
      sender,
      at,
      content: request.content,
      replyTo: this.#storedReply(state, request.content.replyTo),
    });
    (this.#encoder.isPlain ? this.#insertPlain : this.#insert).run(values);
    if (request.content.key !== undefined) this.#keys.add(state, sender, request.content.key, row);
    this.#nextRow = row + 1;
    state.head += 1;
    state.messages = messages;
    state.lowMessages = lowMessages;
    state.lastAt = at;
    state.lastRow = row;
  }

  #storedReply(state: ChannelState, replyTo: Position | undefined): StoredReply | undefined {
    if (replyTo === undefined) return undefined;
    const isPresent = replyTo.epoch === epochOf(this.#era, state.life);
    return { offset: replyTo.offset, epoch: isPresent ? undefined : replyTo.epoch };
  }
}

function senderNumber(state: ChannelState, request: AppendRequest): number | undefined {
  if (request.content.from === state.pair[0]) return state.lowUser;
  return request.content.from === state.pair[1] ? state.highUser : undefined;
}
