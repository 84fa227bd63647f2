// Removal from the logs of the SQLite engine, inside transactions of its own. A removed entry is a tombstone: its row keeps
// place, kind, sender, counts and key (docs/decisions/0024-a-removed-entry-is-a-tombstone.md). Rows below `base` are deleted
// with their places, once their keys are no longer promised and a start needs them no longer.

import type { RemovalReason } from '../../channel/entry.js';
import type { ErasedThrough, MaintenanceStep } from '../maintenance.js';
import { type DamageListener, readAround } from './damage.js';
import { integerOf, type SqlDatabase, type SqlStatement } from './driver/sql-database.js';
import type { EntryRemover } from './entry-remover.js';
import type { Authorship } from './places/authorship.js';
import type { ChannelLog } from './places/channel-log.js';
import type { PlaceTable } from './places/place-table.js';
import type { Place, RecentPlaces } from './places/recent-places.js';
import type { ChannelState } from './tables/channel-state.js';
import { ANNOUNCEMENTS, type ChannelTable } from './tables/channel-table.js';
import { type EntryRow, MESSAGE_KIND } from './tables/entry-row.js';
import type { EntryTable } from './tables/entry-table.js';
import type { RowNames } from './tables/row-names.js';
import type { UncountedTable } from './tables/uncounted-table.js';
import type { MaintenanceFrame, MaintenanceStepFrame } from './threads/worker-messages.js';

type Step<Kind extends MaintenanceStep['kind']> = Extract<MaintenanceStepFrame, { readonly kind: Kind }>;

/** Entries looked for at a time. */
const CHUNK_ENTRIES = 64;
const DONE: MaintenanceFrame = { isDone: true };

interface MaintainerParts {
  readonly names: RowNames;
  readonly channels: ChannelTable;
  readonly entries: EntryTable;
  readonly places: PlaceTable;
  readonly recent: RecentPlaces;
  readonly log: ChannelLog;
  readonly remover: EntryRemover;
  readonly uncounted: UncountedTable;
  readonly authorship: Authorship;
  /** Newest rows of which the keys are promised. */
  readonly keyWindowEntries: number;
  readonly onDamage: DamageListener;
}

export class Maintainer {
  readonly #parts: MaintainerParts;
  readonly #channelsOf: SqlStatement;
  readonly #channelName: SqlStatement;
  readonly #due: SqlStatement;

  constructor(database: SqlDatabase, parts: MaintainerParts) {
    this.#parts = parts;
    this.#channelsOf = database.prepare(
      'SELECT channel FROM member WHERE user = ? AND channel >= ? ORDER BY channel LIMIT 1',
    );
    this.#channelName = database.prepare('SELECT name FROM channel WHERE id = ?');
    this.#due = database.prepare(
      'SELECT at, channel, offset FROM expiry WHERE at <= ? ORDER BY at, channel, offset LIMIT ?',
    );
  }

  /**
   * Part of a step, inside a transaction.
   * @param until of `performance.now()`
   * @throws ServerError, SqlFailure `corrupt`
   */
  run(step: MaintenanceStepFrame, until: number): MaintenanceFrame {
    const isOver = () => performance.now() >= until;
    switch (step.kind) {
      case 'trim':
        return this.#trim(step, isOver);
      case 'remove':
        return this.#remove(step, isOver);
      case 'erase':
        return this.#erase(step, isOver);
      case 'expire':
        return this.#expire(step, isOver);
    }
  }

  #trim(step: Step<'trim'>, isOver: () => boolean): MaintenanceFrame {
    const { channels, log, uncounted } = this.#parts;
    const state = channels.find(step.channel);
    if (state === undefined) return DONE;
    const base = Math.max(state.base, Math.min(step.through, state.head));
    if (base > state.base) {
      state.base = base;
      channels.update(state);
      uncounted.dropThrough(state.number, base);
    }
    for (let after = Math.max(step.after ?? 0, this.#firstRow(state) - 1); after < base; ) {
      const last = Math.min(after + CHUNK_ENTRIES, base);
      for (const place of log.places(state.number, after + 1, last)) {
        this.#trimOne(state, place);
        after = place.offset;
        if (isOver() && after < base) return { isDone: false, next: { ...step, after } };
      }
      after = last;
    }
    return DONE;
  }

  /** The offset of the first row that is still there; one always is. */
  #firstRow({ number, head }: ChannelState): number {
    const { places, recent } = this.#parts;
    return places.firstOffset(number) ?? recent.firstOffset(number) ?? head;
  }

  #trimOne(state: ChannelState, { offset, seq }: Place): void {
    const { entries, places, authorship, remover } = this.#parts;
    const row = this.#readAround(state, { offset, seq });
    // The newest row of a channel says where its log ends.
    if (offset === state.head || seq > this.#lastDeletable) {
      if (row !== undefined) remover.bury(state, row, seq, 'expired');
      return;
    }
    if (row !== undefined) remover.noteGone(row, seq);
    if (row?.isOfMany && row.kind === MESSAGE_KIND) authorship.forget(row);
    entries.delete(seq);
    places.delete(state.number, offset);
  }

  /** Later rows have keys that are promised, or are read again at a start, which finds out by holes what was lost. */
  get #lastDeletable(): number {
    const { recent, keyWindowEntries } = this.#parts;
    return Math.min(recent.floor, recent.newest - keyWindowEntries);
  }

  #remove(step: Step<'remove'>, isOver: () => boolean): MaintenanceFrame {
    const state = this.#parts.channels.find(step.channel);
    if (state === undefined) return DONE;
    for (const [index, offset] of step.offsets.entries()) {
      this.#removeAt(state, offset, step.reason);
      const left = step.offsets.length - index - 1;
      if (isOver() && left > 0) return { isDone: false, next: { ...step, offsets: step.offsets.slice(-left) } };
    }
    return DONE;
  }

  #erase(step: Step<'erase'>, isOver: () => boolean): MaintenanceFrame {
    const user = this.#parts.names.users.find(step.user);
    if (user === undefined) return DONE;
    let after: ErasedThrough = step.after ?? { channel: 0, offset: 0 };
    for (;;) {
      const channel = this.#nextChannel(user, after.channel);
      if (channel === undefined) return DONE;
      const offset = this.#eraseIn(channel, user, channel === after.channel ? after.offset : 0, isOver);
      if (offset !== undefined) return { isDone: false, next: { ...step, after: { channel, offset } } };
      after = { channel: channel + 1, offset: 0 };
    }
  }

  /** Of those that a user is or was in, and the announcements: the user writes nowhere else. */
  #nextChannel(user: number, from: number): number | undefined {
    const { channels, onDamage } = this.#parts;
    const row = this.#channelsOf.get([user, from]);
    const joined = row === undefined ? Number.POSITIVE_INFINITY : integerOf(row, 'channel');
    const all = readAround(ANNOUNCEMENTS, onDamage, () => channels.announcements()?.number) ?? 0;
    const next = all >= from && all > 0 ? Math.min(all, joined) : joined;
    return Number.isFinite(next) ? next : undefined;
  }

  /** @returns the offset up to which it was done when the time was over */
  #eraseIn(channel: number, user: number, after: number, isOver: () => boolean): number | undefined {
    const { log, onDamage, channels } = this.#parts;
    const name = this.#channelName.get([channel])?.['name'];
    const state =
      typeof name === 'string'
        ? readAround(name, onDamage, () => channels.find(name as ChannelState['key']))
        : undefined;
    if (state === undefined) return undefined;
    // Also below the base, where tombstones have keys.
    for (let next = Math.max(after + 1, this.#firstRow(state)); next <= state.head; next += CHUNK_ENTRIES) {
      const last = Math.min(next + CHUNK_ENTRIES - 1, state.head);
      for (const place of log.places(channel, next, last)) {
        const row = this.#readAround(state, place);
        if (row?.sender === user) this.#parts.remover.bury(state, row, place.seq, 'erased');
        if (isOver()) return place.offset;
      }
    }
    return undefined;
  }

  #expire(step: Step<'expire'>, isOver: () => boolean): MaintenanceFrame {
    const { channels, remover, onDamage } = this.#parts;
    for (;;) {
      const due = this.#due.all([step.now, CHUNK_ENTRIES]);
      for (const row of due) {
        const [at, channel, offset] = [integerOf(row, 'at'), integerOf(row, 'channel'), integerOf(row, 'offset')];
        remover.dropExpiry(at, channel, offset);
        const name = this.#channelName.get([channel])?.['name'];
        if (typeof name === 'string') {
          readAround(name, onDamage, () => {
            const state = channels.find(name as ChannelState['key']);
            if (state !== undefined) this.#removeAt(state, offset, 'expired');
          });
        }
        if (isOver()) return { isDone: false, next: step };
      }
      if (due.length < CHUNK_ENTRIES) return DONE;
    }
  }

  #removeAt(state: ChannelState, offset: number, reason: RemovalReason): void {
    const seq = offset > state.base ? this.#parts.log.seqAt(state.number, offset) : undefined;
    if (seq === undefined) return;
    const row = this.#readAround(state, { offset, seq });
    if (row !== undefined) this.#parts.remover.bury(state, row, seq, reason);
  }

  /** One that cannot be read is left as it is, and reported. */
  #readAround(state: ChannelState, place: Place): EntryRow | undefined {
    const { log, onDamage } = this.#parts;
    return readAround(state.key, onDamage, () => log.readable(state, place));
  }
}
