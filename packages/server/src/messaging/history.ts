// The rule of `history`: a page of a channel, cut to what its reader may see and to what was fanned out.

import type { Epoch, ErrorCode, UserId } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import type { Entry } from '../channel/entry.js';
import { isCorrupt, type ServerError } from '../errors.js';
import type { MessageLog, Page, PageRequest } from '../storage/message-log.js';
import type { CommittedHeads } from './committed-heads.js';
import type { ClaimedPosition } from './positions.js';
import type { StoreTurns } from './store-turns.js';

export interface HistoryRequest {
  /** Who asks. */
  readonly user: UserId;
  readonly channel: Channel;
  /** Exclusive. With neither this nor `after`: the newest page. */
  readonly before: ClaimedPosition | undefined;
  readonly after: ClaimedPosition | undefined;
  readonly limit: number;
}

export type HistoryOutcome =
  | { readonly ok: true; readonly entries: readonly Entry[]; readonly more: boolean }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** Bytes of bodies in one answer. */
export const HISTORY_BYTES = 256 * 1024;

export class History {
  readonly #log: MessageLog;
  readonly #heads: CommittedHeads;
  readonly #turns: StoreTurns;
  readonly #onUnreadable: (error: ServerError) => void;

  /** @param onUnreadable called for every entry that was left out because it cannot be read */
  constructor(log: MessageLog, heads: CommittedHeads, turns: StoreTurns, onUnreadable: (error: ServerError) => void) {
    this.#log = log;
    this.#heads = heads;
    this.#turns = turns;
    this.#onUnreadable = onUnreadable;
  }

  /** Entries ascending; what cannot be read is left out. A channel without entries has none. */
  async page(request: HistoryRequest): Promise<HistoryOutcome> {
    const { user, channel, before, after, limit } = request;
    const { epoch } = await this.#heads.of(user, channel);
    if (epoch === undefined) return { ok: true, entries: [], more: false };
    const stale = staleEpoch(before, epoch) ?? staleEpoch(after, epoch);
    if (stale !== undefined) return { ok: false, code: 'stale_epoch', message: stale };
    const page = await this.#readablePage(user, {
      channel,
      direction: after === undefined ? 'before' : 'after',
      offset: after?.offset ?? before?.offset ?? Number.MAX_SAFE_INTEGER,
      limit,
      maxBytes: HISTORY_BYTES,
    });
    // An entry above the head is on its way to this very session: it must not overtake itself.
    const { head } = await this.#heads.of(user, channel);
    const entries = page.entries.filter((entry) => entry.offset <= head);
    return { ok: true, entries, more: page.more };
  }

  /**
   * The first page from there that has an entry, or the end. A page ends before an entry that cannot be read; a client
   * that asks on would meet it again and again.
   */
  async #readablePage(user: UserId, request: PageRequest): Promise<Page> {
    let { offset } = request;
    for (;;) {
      try {
        return await this.#turns.run(user, () => this.#log.page({ ...request, offset }));
      } catch (error) {
        if (!isCorrupt(error) || error.offset === undefined) throw error;
        const isBeyond = request.direction === 'after' ? error.offset > offset : error.offset < offset;
        if (!isBeyond) throw error;
        this.#onUnreadable(error);
        offset = error.offset;
      }
    }
  }
}

function staleEpoch(claimed: ClaimedPosition | undefined, epoch: Epoch): string | undefined {
  if (claimed?.epoch === undefined || claimed.epoch === epoch) return undefined;
  return `the channel's epoch is ${epoch}, not ${claimed.epoch}; ask without a position, or with one of this epoch`;
}
