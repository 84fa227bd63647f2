// The rule of `history`: a page of a channel, cut to what its reader may see and to what was fanned out.

import type { Epoch, ErrorCode, UserId } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import { clipItems, type LogItem } from '../channel/log-item.js';
import type { MessageLog } from '../storage/message-log.js';
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
  /** `epoch` is undefined for a channel without entries. */
  | {
      readonly ok: true;
      readonly epoch: Epoch | undefined;
      readonly items: readonly LogItem[];
      readonly more: boolean;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** Bytes of bodies in one answer. */
export const HISTORY_BYTES = 256 * 1024;

export class History {
  readonly #log: Pick<MessageLog, 'page'>;
  readonly #heads: CommittedHeads;
  readonly #turns: StoreTurns;

  constructor(log: Pick<MessageLog, 'page'>, heads: CommittedHeads, turns: StoreTurns) {
    this.#log = log;
    this.#heads = heads;
    this.#turns = turns;
  }

  /** Ascending. A channel without entries has none. */
  async page(request: HistoryRequest): Promise<HistoryOutcome> {
    const { user, channel, before, after, limit } = request;
    const { epoch } = await this.#heads.of(user, channel);
    if (epoch === undefined) return { ok: true, epoch, items: [], more: false };
    const stale = staleEpoch(before, epoch) ?? staleEpoch(after, epoch);
    if (stale !== undefined) return { ok: false, code: 'stale_epoch', message: stale };
    const page = await this.#turns.run(user, () =>
      this.#log.page({
        channel,
        direction: after === undefined ? 'before' : 'after',
        offset: after?.offset ?? before?.offset ?? Number.MAX_SAFE_INTEGER,
        limit,
        maxBytes: HISTORY_BYTES,
      }),
    );
    // An entry above the head is on its way to this very session: it must not overtake itself.
    const { head } = await this.#heads.of(user, channel);
    return { ok: true, epoch, items: clipItems(page.items, 1, head), more: page.more };
  }
}

function staleEpoch(claimed: ClaimedPosition | undefined, epoch: Epoch): string | undefined {
  if (claimed?.epoch === undefined || claimed.epoch === epoch) return undefined;
  return `the channel's epoch is ${epoch}, not ${claimed.epoch}; ask without a position, or with one of this epoch`;
}
