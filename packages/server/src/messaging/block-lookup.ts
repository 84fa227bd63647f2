// Who blocks whom, for many pairs with one user: as it is stored.

import type { UserId } from '@longwire/protocol';
import { directChannel } from '../channel/channel.js';
import type { MessageLog } from '../storage/message-log.js';
import type { StoreTurns } from './store-turns.js';

/** Each is one call, in the turn of its user. */
const CHANNELS_PER_CALL = 100;

export class BlockLookup {
  readonly #log: Pick<MessageLog, 'rights'>;
  readonly #turns: StoreTurns;

  constructor(log: Pick<MessageLog, 'rights'>, turns: StoreTurns) {
    this.#log = log;
    this.#turns = turns;
  }

  /** The users among `others` who block the user. Where that cannot be read, they count as blocking. */
  blockersOf(user: UserId, others: readonly UserId[]): Promise<ReadonlySet<UserId>> {
    return this.#find(user, others, (other) => other);
  }

  /** The users among `others` whom the user blocks. Where that cannot be read, they count as blocked. */
  blockedBy(user: UserId, others: readonly UserId[]): Promise<ReadonlySet<UserId>> {
    return this.#find(user, others, () => user);
  }

  async #find(
    user: UserId,
    others: readonly UserId[],
    blockerOf: (other: UserId) => UserId,
  ): Promise<ReadonlySet<UserId>> {
    const found = new Set<UserId>();
    const peers = [...new Set(others)].filter((other) => other !== user);
    for (let start = 0; start < peers.length; start += CHANNELS_PER_CALL) {
      const part = peers.slice(start, start + CHANNELS_PER_CALL);
      const channels = part.map((other) => directChannel(user, other));
      const { rights } = await this.#turns.run(user, () => this.#log.rights(channels));
      part.forEach((other, index) => {
        const each = rights[index]!;
        const isLow = blockerOf(other) === channels[index]!.low;
        if (each === 'damaged' || (isLow ? each.blocks.low : each.blocks.high)) found.add(other);
      });
    }
    return found;
  }
}
