// At a start: the rows that are not in the table `place` are read again, and those whose keys are remembered.

import type { UsageLedger } from '../appending/usage-ledger.js';
import { rollBack, type SqlDatabase } from '../driver/sql-database.js';
import { MESSAGE_KIND } from '../tables/entry-row.js';
import type { EntryTable, RowKey } from '../tables/entry-table.js';
import type { Authorship } from './authorship.js';
import type { PlaceTable } from './place-table.js';
import { Placer } from './placer.js';
import { PlaceRing, RecentPlaces } from './recent-places.js';

const SLICE_ROWS = 4_096;

export interface LoadedPlaces {
  readonly ring: PlaceRing;
  readonly recent: RecentPlaces;
  readonly placer: Placer;
  /** Newest entries that cannot be read, and of which it is unknown where they belong: offsets may be assigned again. */
  readonly lost: number;
  /** Of the rows from this one on, `onRow` was called with all that have keys. */
  readonly firstKeyRow: number;
}

interface LoadParts {
  readonly database: SqlDatabase;
  readonly entries: EntryTable;
  readonly places: PlaceTable;
  /** Of the newest rows, how many to show to `onRow`. */
  readonly keyRows: number;
  /** Called in the order of the rows. */
  readonly onRow: (row: RowKey) => void;
  readonly placeBatchRows: number;
  readonly ledger: UsageLedger;
  readonly authorship: Authorship;
}

/** What a start reads is bounded: by what may be unplaced, and by `keyRows`. */
export function loadPlaces(parts: LoadParts): LoadedPlaces {
  return new PlaceLoader(parts).load();
}

class PlaceLoader {
  readonly #parts: LoadParts;
  readonly #ring = new PlaceRing();
  readonly #recent: RecentPlaces;
  readonly #placer: Placer;
  readonly #newest: number;
  #lost = 0;

  constructor(parts: LoadParts) {
    this.#parts = parts;
    this.#newest = parts.entries.newest();
    // Where it cannot be read how far the table goes, all of it is made again.
    const placed = parts.places.placed() ?? 0;
    this.#recent = new RecentPlaces(this.#ring, placed);
    const { places: table, ledger, authorship, placeBatchRows: batchRows } = parts;
    this.#placer = new Placer({ ring: this.#ring, recent: this.#recent, table, ledger, authorship, batchRows });
  }

  load(): LoadedPlaces {
    const { entries, places, keyRows, onRow } = this.#parts;
    const firstKey = this.#newest - keyRows + 1;
    let after = Math.max(0, Math.min(this.#recent.floor, firstKey - 1));
    while (after < this.#newest) {
      const { keys, through } = entries.keysAfter(after, SLICE_ROWS);
      for (const row of keys) {
        if (row.seq > this.#recent.floor) this.#add(row);
        if (row.seq >= firstKey) onRow(row);
      }
      after = through;
    }
    this.#expectNext(this.#newest + 1);
    this.#parts.ledger.finishRecount();
    this.#ring.publish(this.#recent.newest);
    const lost = this.#isAccountedFor(places) ? 0 : this.#lost;
    // So that the next start does not meet them again.
    if (lost > 0) this.#placeAll();
    const firstKeyRow = Math.max(1, firstKey);
    return { ring: this.#ring, recent: this.#recent, placer: this.#placer, lost, firstKeyRow };
  }

  #add(row: RowKey): void {
    this.#expectNext(row.seq);
    if (this.#placer.unplaced === this.#placer.maxUnplaced) this.#placeAll();
    // One without an offset has no place: it changes rights, and does so in their tables.
    const isPlaced = row.isVerified || row.offset === 0 || this.#fits(row);
    if (!isPlaced) this.#lost += 1;
    this.#ring.set(row.seq, isPlaced ? row.channel : 0, isPlaced ? row.offset : 0);
    this.#recent.catchUp(row.seq);
    if (!isPlaced || row.offset === 0) return;
    this.#restoreAuthor(row);
    if (row.isVerified) this.#parts.ledger.recount(row);
  }

  #restoreAuthor(row: RowKey): void {
    const { channel, sender, offset, seq, senderMessages: rank } = row;
    const { authorship } = this.#parts;
    const isCounted = row.isOfMany && row.kind === MESSAGE_KIND && sender !== 0;
    if (!row.isVerified) authorship.restoreDamaged({ channel, sender, offset, rank }, seq, { isCounted });
    else if (isCounted) authorship.restore({ channel, sender, offset, rank }, seq);
  }

  /** Of a row that is damaged, or not verified: what its columns say is where the next entry of that channel belongs. */
  #fits({ channel, offset }: RowKey): boolean {
    const last = this.#recent.last(channel)?.offset ?? this.#parts.places.claimedLast(channel);
    return offset === last + 1;
  }

  /** Row numbers have no holes: what is missing before `seq` is lost. */
  #expectNext(seq: number): void {
    const missing = seq - this.#recent.newest - 1;
    if (missing <= 0) return;
    this.#lost += missing;
    this.#placeAll();
    this.#recent.dropThrough(seq - 1);
  }

  /** Each lost entry left a hole that later entries of its channel show: it is known which ones they are. */
  #isAccountedFor(places: PlaceTable): boolean {
    return this.#lost === 0 || this.#lost === this.#recent.countHoles((channel) => places.claimedLast(channel));
  }

  #placeAll(): void {
    const { database } = this.#parts;
    while (this.#placer.unplaced > 0) {
      database.exec('BEGIN IMMEDIATE');
      try {
        this.#placer.place(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
        database.exec('COMMIT');
      } catch (error) {
        rollBack(database);
        throw error;
      }
      this.#placer.commit();
    }
  }
}
