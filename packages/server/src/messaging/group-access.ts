// How far a user may get in a group: to its end as a member, up to the offset of leaving afterwards.

import type { UserId } from '@longwire/protocol';
import type { Channel, ChannelKey } from '../channel/channel.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { MessageLog } from '../storage/message-log.js';
import type { StoreTurns } from './store-turns.js';

/** The newest offset that a user gets; undefined: none, they were never in the channel. */
export type Reach = number | undefined;

const EVERYTHING = Number.MAX_SAFE_INTEGER;
/** Each is one call, in the turn of its user. */
const CHANNELS_PER_CALL = 100;

export class GroupAccess {
  readonly #members: Pick<MemberCache, 'peek'>;
  readonly #log: Pick<MessageLog, 'stays'>;
  readonly #turns: StoreTurns;

  constructor(members: Pick<MemberCache, 'peek'>, log: Pick<MessageLog, 'stays'>, turns: StoreTurns) {
    this.#members = members;
    this.#log = log;
    this.#turns = turns;
  }

  /**
   * In the order asked. Synchronous where no group is concerned, and for members of groups in use: the store is asked for the
   * others in slices, each in the user's turn.
   */
  reachesOf(user: UserId, channels: readonly Channel[]): readonly Reach[] | Promise<readonly Reach[]> {
    const unknown = channels.filter((channel) => !this.#isWithin(user, channel));
    if (unknown.length === 0) return channels.map(() => EVERYTHING);
    return this.#load(user, unknown).then((loaded) =>
      channels.map(({ key }) => (loaded.has(key) ? loaded.get(key) : EVERYTHING)),
    );
  }

  #isWithin(user: UserId, channel: Channel): boolean {
    return channel.kind !== 'group' || this.#members.peek(channel)?.member(user) !== undefined;
  }

  async #load(user: UserId, channels: readonly Channel[]): Promise<ReadonlyMap<ChannelKey, Reach>> {
    const reaches = new Map<ChannelKey, Reach>();
    for (let start = 0; start < channels.length; start += CHANNELS_PER_CALL) {
      const part = channels.slice(start, start + CHANNELS_PER_CALL);
      const stays = await this.#turns.run(user, () => this.#log.stays(user, part));
      part.forEach(({ key }, index) => {
        const last = stays[index]!.at(-1);
        reaches.set(key, last && (last.left ?? EVERYTHING));
      });
    }
    return reaches;
  }
}
