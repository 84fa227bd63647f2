// How far a user may get in a group: to its end as a member, up to the offset of leaving afterwards.

import type { UserId } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { MessageLog } from '../storage/message-log.js';
import type { StoreTurns } from './store-turns.js';

/** The newest offset that a user gets; undefined: none, they were never in the channel. */
export type Reach = number | undefined;

const EVERYTHING = Number.MAX_SAFE_INTEGER;

export class GroupAccess {
  readonly #members: Pick<MemberCache, 'peek'>;
  readonly #log: Pick<MessageLog, 'stays'>;
  readonly #turns: StoreTurns;

  constructor(members: Pick<MemberCache, 'peek'>, log: Pick<MessageLog, 'stays'>, turns: StoreTurns) {
    this.#members = members;
    this.#log = log;
    this.#turns = turns;
  }

  /** Synchronous where no group is concerned, and for members of groups in use. */
  reachOf(user: UserId, channel: Channel): Reach | Promise<Reach> {
    if (channel.kind !== 'group') return EVERYTHING;
    if (this.#members.peek(channel)?.member(user) !== undefined) return EVERYTHING;
    return this.#turns
      .run(user, () => this.#log.stays(user, [channel]))
      .then(([stays]) => {
        const last = stays?.at(-1);
        return last && (last.left ?? EVERYTHING);
      });
  }
}
