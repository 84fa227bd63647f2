// What each user has used, exactly as the rows of `entry` say: in memory for those who wrote lately, in the table `usage`,
// which is filled together with the table `place`, for the others. So a commit writes no row for it.

import { GenerationCache } from '../../../runtime/generation-cache.js';
import { countAnswer, countChannel, noUsage, type Usage } from '../../quotas.js';
import { type DamageListener, readAround } from '../damage.js';
import { integerOf, type SqlDatabase, type SqlStatement } from '../driver/sql-database.js';
import { MESSAGE_KIND } from '../tables/entry-row.js';
import type { RowKey } from '../tables/entry-table.js';
import { type StoredUsage, UsageTable } from '../tables/usage-table.js';

const CACHED_USERS = 65_536;

/** What an entry says about the use of its sender and of the other user. */
export interface CountedEntry {
  readonly sender: number;
  /** Undefined in a channel with oneself, and in all that are not between two users. */
  readonly peer: number | undefined;
  readonly bytes: number;
  readonly isFirst: boolean;
  /** It is the sender's first one in a channel that the other user began. */
  readonly isAnswer: boolean;
  readonly channelCreatedAt: number;
}

export class UsageLedger {
  readonly #table: UsageTable;
  readonly #channel: SqlStatement;
  readonly #onDamage: DamageListener;
  /** Of the open transaction. */
  readonly #pending = new Map<number, Usage>();
  /** Committed, and not in the table. */
  readonly #unwritten = new Map<number, Usage>();
  /** Of the open transaction, where it removes content. */
  readonly #returned = new Map<number, Usage>();
  readonly #written = new GenerationCache<number, Usage>(CACHED_USERS);
  /** Users whose rows the open transaction has written. */
  readonly #writing: number[] = [];
  /** At a start: up to which row the table had counted. */
  readonly #loaded = new Map<number, number>();
  /** Committed rows up to this one are counted. */
  #through: number;

  /** @param placed  rows up to this one are counted in the table */
  constructor(database: SqlDatabase, placed: number, onDamage: DamageListener) {
    this.#table = new UsageTable(database);
    this.#channel = database.prepare('SELECT low_user, high_user, created_at FROM channel WHERE id = ?');
    this.#through = placed;
    this.#onDamage = onDamage;
  }

  /** Not to be changed. */
  of(user: number): Usage {
    return this.#pending.get(user) ?? this.#committed(user);
  }

  /** Counts an entry that the open transaction has stored. */
  count({ sender, peer, bytes, isFirst, isAnswer, channelCreatedAt }: CountedEntry): void {
    const usage = this.#pendingOf(sender);
    usage.storedBytes += bytes;
    if (isFirst) countChannel(usage, channelCreatedAt, { hasPeer: peer !== undefined });
    if (isAnswer && peer !== undefined) countAnswer(this.#pendingOf(peer), channelCreatedAt);
  }

  /** Content of a user is stored no longer; inside a transaction of which `writeReturned` is the end. */
  giveBack(user: number, bytes: number): void {
    const usage = this.#returned.get(user) ?? copyOf(this.of(user));
    usage.storedBytes = Math.max(0, usage.storedBytes - bytes);
    this.#returned.set(user, usage);
  }

  /** What rows no longer say has to be in the table with the same commit. */
  writeReturned(): void {
    for (const [user, usage] of this.#returned) this.#table.put(user, usage, this.#through);
  }

  commitReturned(): void {
    for (const [user, usage] of this.#returned) {
      this.#written.set(user, usage);
      this.#unwritten.delete(user);
    }
    this.#returned.clear();
  }

  /** @param newest  the newest row */
  commit(newest: number): void {
    for (const [user, usage] of this.#pending) this.#unwritten.set(user, usage);
    this.#pending.clear();
    this.#through = newest;
  }

  rollback(): void {
    this.#pending.clear();
    this.#returned.clear();
  }

  /** Counts a row that was stored before the start, in the order of the rows, unless the table has it. */
  recount(row: RowKey): void {
    const { seq, sender, size, offset } = row;
    if (sender === 0) {
      this.commit(seq);
      return;
    }
    const isAnswer = !row.isOfMany && isFirstAnswer(row);
    const channel = isAnswer || offset === 1 ? this.#channel.get([row.channel]) : undefined;
    const low = channel === undefined ? 0 : integerOf(channel, 'low_user');
    const high = channel === undefined ? 0 : integerOf(channel, 'high_user');
    const channelCreatedAt = channel === undefined ? 0 : integerOf(channel, 'created_at');
    const peer = low === high || row.isOfMany ? undefined : sender === low ? high : low;
    if (seq > this.#countedThrough(sender)) {
      this.count({ sender, peer, bytes: size, isFirst: offset === 1, isAnswer: false, channelCreatedAt });
    }
    if (isAnswer && peer !== undefined && seq > this.#countedThrough(peer)) {
      countAnswer(this.#pendingOf(peer), channelCreatedAt);
    }
    this.commit(seq);
  }

  /** All rows have been counted again. */
  finishRecount(): void {
    this.#loaded.clear();
  }

  /** The users that are not in the table as they are, in the order of the table. */
  unwritten(): Float64Array {
    return Float64Array.from(this.#unwritten.keys()).sort();
  }

  /** Inside a transaction, which `commitWritten` or `rollbackWritten` follows. */
  write(user: number): void {
    const usage = this.#unwritten.get(user);
    if (usage === undefined) return;
    this.#table.put(user, usage, this.#through);
    this.#writing.push(user);
  }

  commitWritten(): void {
    for (const user of this.#writing) {
      this.#written.set(user, this.#unwritten.get(user)!);
      this.#unwritten.delete(user);
    }
    this.#writing.length = 0;
  }

  rollbackWritten(): void {
    this.#writing.length = 0;
  }

  #committed(user: number): Usage {
    const known = this.#unwritten.get(user) ?? this.#written.get(user);
    if (known !== undefined) return known;
    const usage = this.#stored(user)?.usage ?? noUsage();
    this.#written.set(user, usage);
    return usage;
  }

  #pendingOf(user: number): Usage {
    const known = this.#pending.get(user);
    if (known !== undefined) return known;
    const copy = copyOf(this.#committed(user));
    this.#pending.set(user, copy);
    return copy;
  }

  /** A damaged row counts as none: the user begins anew. */
  #stored(user: number): StoredUsage | undefined {
    return readAround(`usage of user number ${user}`, this.#onDamage, () => this.#table.find(user));
  }

  #countedThrough(user: number): number {
    const known = this.#loaded.get(user);
    if (known !== undefined) return known;
    const through = this.#stored(user)?.through ?? 0;
    this.#loaded.set(user, through);
    return through;
  }
}

/** Whether it is the first message of its sender in a direct channel in which the other user has written before. */
export function isFirstAnswer(row: Pick<RowKey, 'kind' | 'messages' | 'senderMessages' | 'otherMessages'>): boolean {
  const { kind, messages, senderMessages, otherMessages } = row;
  return kind === MESSAGE_KIND && senderMessages === 1 && messages - otherMessages > 1;
}

/** Spelled out: Node 20 takes ten times as long to spread an object that holds a number as large as a time. */
function copyOf({ storedBytes, channelsBegun, hourStart, hourPeers, dayStart, dayPeers }: Usage): Usage {
  return { storedBytes, channelsBegun, hourStart, hourPeers, dayStart, dayPeers };
}
