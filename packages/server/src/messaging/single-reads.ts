// The rule of `read` with `only`: one notification, without those before it. The other sessions of the user learn of it by a
// receipt, which has all that are read in this way.

import type { UserId } from '@longwire/protocol';
import type { Bus } from '../bus/bus.js';
import type { InboxChannel } from '../channel/channel.js';
import { type Cursors, MAX_SINGLE_READS } from '../storage/cursors.js';
import type { CommittedHeads } from './committed-heads.js';
import type { CursorCache } from './cursor-cache.js';
import { type ClaimedPosition, checkPosition, type PositionOutcome } from './positions.js';
import type { StoreTurns } from './store-turns.js';

export interface SingleReadsParts {
  readonly cursors: CursorCache;
  readonly stored: Pick<Cursors, 'readSingly'>;
  readonly heads: CommittedHeads;
  readonly turns: StoreTurns;
  readonly bus: Pick<Bus, 'signal'>;
}

const FULL: PositionOutcome = Object.freeze<PositionOutcome>({
  ok: false,
  code: 'quota_exceeded',
  message: `only: at most ${MAX_SINGLE_READS} notifications above the read cursor are read one by one; read without only`,
});

export class SingleReads {
  readonly #parts: SingleReadsParts;

  constructor(parts: SingleReadsParts) {
    this.#parts = parts;
  }

  /** Durable when resolved. Rejects with what the store rejects with. */
  async read(user: UserId, channel: InboxChannel, claimed: ClaimedPosition): Promise<PositionOutcome> {
    const { cursors, stored, heads, turns, bus } = this.#parts;
    const head = await heads.of(user, channel);
    const refusal = checkPosition(claimed, head, Number.MAX_SAFE_INTEGER);
    if (refusal !== undefined) return refusal;
    const { read } = await cursors.load(user, channel);
    const { offset } = claimed;
    const only = await turns.run(user, () => stored.readSingly({ channel, offset, read }));
    if (only === undefined) return FULL;
    const { epoch } = head;
    const event = { type: 'receipt', channel, user, delivered: undefined, isPrivate: false } as const;
    if (epoch !== undefined) bus.signal({ ...event, epoch, read: cursors.peek(user, channel)?.read ?? read, only });
    return { ok: true };
  }
}
