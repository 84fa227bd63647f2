// How many messages each sender has in a channel of many, up to any offset: so that one's own are not counted as unread. The
// newest ones are in memory, as their places are; the others in the table `authored`, one row for each, which is filled
// together with the table `place`.

import { ServerError } from '../../../errors.js';
import { GenerationCache } from '../../../runtime/generation-cache.js';
import { type DamageListener, readAround } from '../damage.js';
import { integerOf, type SqlDatabase, SqlFailure, type SqlRow, type SqlStatement } from '../driver/sql-database.js';
import { expectChecksum, rowChecksum } from '../row-checks.js';

const CACHED_SENDERS = 16_384;

/** The newest messages of one sender in one channel, ascending. The rank of a message is its place among the sender's, from 1. */
interface AuthoredRun {
  readonly channel: number;
  readonly sender: number;
  readonly offsets: number[];
  readonly ranks: number[];
  readonly seqs: number[];
}

interface AuthoredRow {
  readonly channel: number;
  readonly sender: number;
  readonly offset: number;
  readonly rank: number;
}

export class Authorship {
  readonly #upTo: SqlStatement;
  readonly #above: SqlStatement;
  readonly #delete: SqlStatement;
  readonly #any: SqlStatement;
  readonly #put: SqlStatement;
  readonly #recent = new Map<number, Map<number, AuthoredRun>>();
  /** What the table says of senders who are not in `#recent`. */
  readonly #placed = new GenerationCache<string, number>(CACHED_SENDERS);
  /** The runs to which the open transaction has added a message, once for each. */
  readonly #pending: AuthoredRun[] = [];
  /** Channels with a row that cannot be read, and of which it is unknown whose message it was; by its number. */
  readonly #doubtful = new Map<number, number>();
  readonly #onDamage: DamageListener;

  constructor(database: SqlDatabase, onDamage: DamageListener) {
    this.#onDamage = onDamage;
    const select = 'SELECT channel, sender, offset, rank, crc FROM authored';
    this.#upTo = database.prepare(
      `${select} WHERE (channel, sender, offset) <= (?,?,?) ORDER BY channel DESC, sender DESC, offset DESC LIMIT 1`,
    );
    this.#above = database.prepare(
      `${select} WHERE (channel, sender, offset) > (?,?,?) ORDER BY channel, sender, offset LIMIT 1`,
    );
    this.#delete = database.prepare(
      'DELETE FROM authored WHERE channel = ?1 AND sender = ?2 AND offset = ?3 AND EXISTS ' +
        '(SELECT 1 FROM authored WHERE channel = ?1 AND sender = ?2 AND offset > ?3)',
    );
    this.#any = database.prepare('SELECT 1 AS one FROM authored WHERE channel = ? LIMIT 1');
    // A row may be there already: what a crash interrupted is done again.
    this.#put = database.prepare(
      'INSERT OR REPLACE INTO authored (channel, sender, offset, rank, crc) VALUES (?,?,?,?,?)',
    );
  }

  /**
   * Messages that a sender has up to and including an offset.
   * @throws ServerError, SqlFailure `corrupt`
   */
  count(channel: number, sender: number, offset: number): number {
    this.#reportDoubt(channel);
    const run = this.#recent.get(channel)?.get(sender);
    const index = run === undefined ? -1 : lastUpTo(run.offsets, offset);
    return index < 0 ? this.#countPlaced(channel, sender, offset) : run!.ranks[index]!;
  }

  /**
   * All of a sender's messages in a channel.
   * @throws ServerError, SqlFailure `corrupt`
   */
  total(channel: number, sender: number): number {
    this.#reportDoubt(channel);
    const run = this.#recent.get(channel)?.get(sender);
    if (run !== undefined) return run.ranks.at(-1)!;
    const key = keyOf(channel, sender);
    const known = this.#placed.get(key);
    if (known !== undefined) return known;
    const total = this.#countPlaced(channel, sender, Number.MAX_SAFE_INTEGER);
    this.#placed.set(key, total);
    return total;
  }

  /** A message that the open transaction stores; `rank` is one more than its sender had. */
  add({ channel, sender, offset, rank }: AuthoredRow, seq: number): void {
    this.#pending.push(this.#append(channel, sender, offset, rank, seq));
  }

  /** At a start: a message that was stored before, in the order of the rows. */
  restore({ channel, sender, offset, rank }: AuthoredRow, seq: number): void {
    this.#append(channel, sender, offset, rank, seq);
  }

  /** The same of one that cannot be read: what its row says counts if it fits to the messages before it. */
  restoreDamaged(row: AuthoredRow, seq: number, { isCounted }: { readonly isCounted: boolean }): void {
    const { channel, sender, rank } = row;
    if (!this.#recent.has(channel) && this.#any.get([channel]) === undefined) return;
    const total = readAround(`channel number ${channel}`, this.#onDamage, () => this.total(channel, sender));
    if (isCounted && total !== undefined && rank === total + 1) this.restore(row, seq);
    else this.#doubtful.set(channel, seq);
  }

  commit(): void {
    this.#pending.length = 0;
  }

  rollback(): void {
    for (const run of this.#pending) {
      run.offsets.pop();
      run.ranks.pop();
      run.seqs.pop();
      this.#forgetIfEmpty(run);
    }
    this.#pending.length = 0;
  }

  /** The messages up to a row, in the order of the table. */
  through(seq: number): readonly AuthoredRow[] {
    const rows: AuthoredRow[] = [];
    for (const [channel, runs] of inOrder(this.#recent)) {
      for (const [sender, { offsets, ranks, seqs }] of inOrder(runs)) {
        for (let index = 0; index < seqs.length && seqs[index]! <= seq; index += 1) {
          rows.push({ channel, sender, offset: offsets[index]!, rank: ranks[index]! });
        }
      }
    }
    return rows;
  }

  /** Writes one of them; inside a transaction. */
  write({ channel, sender, offset, rank }: AuthoredRow): void {
    this.#put.run([channel, sender, offset, rank, rowChecksum(channel, sender, offset, rank)]);
  }

  /**
   * A message that is in the table is deleted from its log; inside a transaction. The newest one of its sender stays: it counts
   * those before it.
   */
  forget({ channel, sender, offset }: Omit<AuthoredRow, 'rank'>): void {
    this.#delete.run([channel, sender, offset]);
  }

  /** The messages up to a row are in the table. */
  dropThrough(seq: number): void {
    for (const [channel, row] of this.#doubtful) if (row <= seq) this.#doubtful.delete(channel);
    for (const runs of this.#recent.values()) {
      for (const run of runs.values()) {
        const placed = lastUpTo(run.seqs, seq) + 1;
        if (placed === 0) continue;
        this.#placed.set(keyOf(run.channel, run.sender), run.ranks[placed - 1]!);
        run.offsets.splice(0, placed);
        run.ranks.splice(0, placed);
        run.seqs.splice(0, placed);
        this.#forgetIfEmpty(run);
      }
    }
  }

  #reportDoubt(channel: number): void {
    if (!this.#doubtful.has(channel)) return;
    const message = `it is unknown who wrote a message of channel number ${channel}: for that user it may count as unread`;
    this.#onDamage(new ServerError('corrupt', message));
  }

  #append(channel: number, sender: number, offset: number, rank: number, seq: number): AuthoredRun {
    let runs = this.#recent.get(channel);
    if (runs === undefined) {
      runs = new Map();
      this.#recent.set(channel, runs);
    }
    let run = runs.get(sender);
    if (run === undefined) {
      run = { channel, sender, offsets: [], ranks: [], seqs: [] };
      runs.set(sender, run);
    }
    run.offsets.push(offset);
    run.ranks.push(rank);
    run.seqs.push(seq);
    return run;
  }

  #forgetIfEmpty({ channel, sender, seqs }: AuthoredRun): void {
    if (seqs.length > 0) return;
    const runs = this.#recent.get(channel);
    runs?.delete(sender);
    if (runs?.size === 0) this.#recent.delete(channel);
  }

  /**
   * The rows on both sides of the place are looked at: a damaged key would show in them, as ranks have no holes. Of a sender's
   * messages the first ones may have been deleted.
   */
  #countPlaced(channel: number, sender: number, offset: number): number {
    const place = [channel, sender, offset];
    const last = rowFrom(this.#upTo.get(place));
    const next = rowFrom(this.#above.get(place));
    const before = isOf(last, channel, sender) ? last.rank : undefined;
    const after = isOf(next, channel, sender) ? next.rank - 1 : undefined;
    const isInOrder = (last === undefined || !isAbove(last, place)) && (next === undefined || isAbove(next, place));
    const rank = before ?? after ?? 0;
    if (isInOrder && (after === undefined || after === rank)) return rank;
    throw new SqlFailure('corrupt', `the messages of user ${sender} in channel ${channel} are not counted right`);
  }
}

function keyOf(channel: number, sender: number): string {
  return `${channel}/${sender}`;
}

function inOrder<Value>(values: ReadonlyMap<number, Value>): readonly (readonly [number, Value])[] {
  return [...values].sort(([a], [b]) => a - b);
}

/** Of ascending numbers, the index of the last one that is at most `number`; −1: none. */
function lastUpTo(numbers: readonly number[], number: number): number {
  let low = -1;
  let high = numbers.length;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (numbers[middle]! <= number) low = middle;
    else high = middle;
  }
  return low;
}

/** Verifies a row of `authored`. */
function rowFrom(row: SqlRow | undefined): AuthoredRow | undefined {
  if (row === undefined) return undefined;
  const found = {
    channel: integerOf(row, 'channel'),
    sender: integerOf(row, 'sender'),
    offset: integerOf(row, 'offset'),
    rank: integerOf(row, 'rank'),
  };
  const { channel, sender, offset, rank } = found;
  const name = `message ${rank} of user ${sender} in channel ${channel}`;
  expectChecksum(integerOf(row, 'crc'), rowChecksum(channel, sender, offset, rank), name);
  return found;
}

function isOf(row: AuthoredRow | undefined, channel: number, sender: number): row is AuthoredRow {
  return row !== undefined && row.channel === channel && row.sender === sender;
}

function isAbove({ channel, sender, offset }: AuthoredRow, place: readonly number[]): boolean {
  const [placeChannel, placeSender, placeOffset] = place as [number, number, number];
  if (channel !== placeChannel) return channel > placeChannel;
  return sender === placeSender ? offset > placeOffset : sender > placeSender;
}
