// The rule of `history`: a page of a channel, cut to what its reader may see and to what was fanned out.

import type { Epoch, ErrorCode } from '@longwire/protocol';
import type { ChannelKey } from '../channel/channel-key.js';
import type { Entry } from '../channel/entry.js';
import type { MessageLog } from '../storage/message-log.js';
import type { CommittedHeads } from './committed-heads.js';
import type { ClaimedPosition } from './positions.js';

export interface HistoryRequest {
  readonly channel: ChannelKey;
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

  constructor(log: MessageLog, heads: CommittedHeads) {
    this.#log = log;
    this.#heads = heads;
  }

  /** Entries ascending, without holes. A channel nobody ever wrote to has none. */
  async page(request: HistoryRequest): Promise<HistoryOutcome> {
    const { channel, before, after, limit } = request;
    const { epoch } = await this.#heads.of(channel);
    if (epoch === undefined) return { ok: true, entries: [], more: false };
    const stale = staleEpoch(before, epoch) ?? staleEpoch(after, epoch);
    if (stale !== undefined) return { ok: false, code: 'stale_epoch', message: stale };
    const page = await this.#log.page({
      channel,
      direction: after === undefined ? 'before' : 'after',
      offset: after?.offset ?? before?.offset ?? Number.MAX_SAFE_INTEGER,
      limit,
      maxBytes: HISTORY_BYTES,
    });
    // An entry above the head is on its way to this very session: it must not overtake itself.
    const { head } = await this.#heads.of(channel);
    const entries = page.entries.filter((entry) => entry.offset <= head);
    return { ok: true, entries, more: page.more };
  }
}

function staleEpoch(claimed: ClaimedPosition | undefined, epoch: Epoch): string | undefined {
  if (claimed?.epoch === undefined || claimed.epoch === epoch) return undefined;
  return `the channel's epoch is ${epoch}, not ${claimed.epoch}; ask without a position, or with one of this epoch`;
}
