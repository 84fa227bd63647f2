// Makes a stored entry a tombstone: its row keeps place, kind, sender, counts and key, and what hangs on its content goes
// (docs/decisions/0024-a-removed-entry-is-a-tombstone.md).

import { isReplacedBySlot } from '../../channel/channel.js';
import { contentBytes, emptyContent, type RemovalReason } from '../../channel/entry.js';
import type { UsageLedger } from './appending/usage-ledger.js';
import { type DamageListener, readAround } from './damage.js';
import type { SqlDatabase, SqlStatement } from './driver/sql-database.js';
import type { ChannelState } from './tables/channel-state.js';
import { type EntryRow, MESSAGE_KIND } from './tables/entry-row.js';
import type { EntryTable } from './tables/entry-table.js';
import { SlotTable } from './tables/slot-table.js';
import type { UncountedTable } from './tables/uncounted-table.js';

interface RemoverParts {
  readonly entries: EntryTable;
  readonly ledger: UsageLedger;
  readonly uncounted: UncountedTable;
  readonly onDamage: DamageListener;
}

export class EntryRemover {
  readonly #parts: RemoverParts;
  readonly #slots: SlotTable;
  readonly #dropExpiry: SqlStatement;

  constructor(database: SqlDatabase, parts: RemoverParts) {
    this.#parts = parts;
    this.#slots = new SlotTable(database);
    this.#dropExpiry = database.prepare('DELETE FROM expiry WHERE at = ? AND channel = ? AND offset = ?');
  }

  /** What was removed before keeps its key until its sender is erased. */
  bury(state: ChannelState, row: EntryRow, seq: number, reason: RemovalReason): void {
    if (row.removed !== undefined && (reason !== 'erased' || row.removed === 'erased')) return;
    this.noteGone(row, seq);
    const key = reason === 'erased' ? undefined : row.key;
    this.#parts.entries.replace(seq, { ...row, ...emptyContent, replyTo: undefined, key, removed: reason });
    const isPassed = reason === 'superseded' || reason === 'expired';
    // What a user writes is theirs, or counts until it is read.
    const isCounted = row.kind === MESSAGE_KIND && row.sender === 0 && row.offset > state.base;
    if (isPassed && isCounted && isReplacedBySlot(state.channel)) this.#parts.uncounted.put(row.channel, row.offset);
  }

  /** Nothing of it is there any more. */
  noteGone(row: EntryRow, seq: number): void {
    if (row.removed !== undefined) return;
    if (row.sender !== 0) this.#parts.ledger.giveBack(row.sender, contentBytes(row));
    if (row.expiresAt !== undefined) this.dropExpiry(row.expiresAt, row.channel, row.offset);
    if (row.slot !== undefined) this.#slots.drop(row.channel, row.slot, seq);
  }

  dropExpiry(at: number, channel: number, offset: number): void {
    this.#dropExpiry.run([at, channel, offset]);
  }

  /** The newest entry of a slot is row `seq`: the one before it is replaced. What cannot be read stays, and is reported. */
  supersede(state: ChannelState, slot: string, seq: number): void {
    const { entries, onDamage } = this.#parts;
    readAround(state.key, onDamage, () => {
      const older = this.#slots.find(state.number, slot);
      const row = older === undefined ? undefined : entries.read(older);
      if (row?.channel === state.number && row.slot === slot) this.bury(state, row, older!, 'superseded');
    });
    this.#slots.put(state.number, slot, seq);
  }
}
