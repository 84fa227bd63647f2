// Whether one of two users blocks the other, as of the newest rows: what is read from the store and what is applied meanwhile
// come in any order.

import type { ChannelRights } from '../../channel/membership.js';

/** Rights that cannot be read count as a block: what is in doubt is not shown. */
type Rights = Pick<ChannelRights, 'version' | 'blocks'> | 'damaged';

export class PairBlocks {
  readonly #sides = { low: { isBlocked: false, seq: 0 }, high: { isBlocked: false, seq: 0 } };
  #isDamaged = false;

  constructor(rights?: Rights) {
    if (rights !== undefined) this.load(rights);
  }

  /** One of the two blocks the other. */
  get isAny(): boolean {
    const { low, high } = this.#sides;
    return this.#isDamaged || low.isBlocked || high.isBlocked;
  }

  /** As the store has them, which may be older than what was applied. */
  load(rights: Rights): void {
    this.#isDamaged = rights === 'damaged';
    if (rights === 'damaged') return;
    for (const side of ['low', 'high'] as const) this.change(side, rights.blocks[side], rights.version);
  }

  /** @param seq  the number of the row that says so, or of the newest one that was known then */
  change(side: 'low' | 'high', isBlocked: boolean, seq: number): void {
    if (seq >= this.#sides[side].seq) this.#sides[side] = { isBlocked, seq };
  }
}
