// Sends to channels whose rights are being loaded, or have just changed. They wait until everything that was judged by the
// rights before is settled: those of it that have to be judged again keep their places before later ones.

import type { Channel, ChannelKey } from '../channel/channel.js';
import type { LoadedChannel } from '../membership/loaded-channel.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { AppendQueue } from './append-queue.js';

export interface HeldSend {
  /** It is judged by these rights, and takes its place in the queue at once. */
  onReleased(rights: LoadedChannel): void;
  /** The rights cannot be loaded. */
  onFailed(error: unknown): void;
}

interface Hold {
  readonly channel: Channel;
  /** Those that were `stale`, in the order in which they were sent. */
  readonly stale: HeldSend[];
  /** Those that came since. */
  readonly arrived: HeldSend[];
  isWaiting: boolean;
}

export class HeldSends {
  readonly #queue: Pick<AppendQueue, 'afterSettled'>;
  readonly #members: MemberCache;
  readonly #holds = new Map<ChannelKey, Hold>();

  constructor(queue: Pick<AppendQueue, 'afterSettled'>, members: MemberCache) {
    this.#queue = queue;
    this.#members = members;
    const hold = (channel: Channel) => void this.#holdChanged(channel);
    members.follow({ onLoaded: hold, onChanged: hold });
  }

  /** Whether a send to the channel has to wait. */
  isHeld({ key }: Channel): boolean {
    return this.#holds.size > 0 && this.#holds.has(key);
  }

  /** A new send, to wait behind those that were sent before. */
  add(channel: Channel, send: HeldSend): void {
    const known = this.#holds.get(channel.key);
    if (known !== undefined) {
      known.arrived.push(send);
      return;
    }
    // The channel is not loaded, so that nothing is in flight which was judged by its rights.
    const hold: Hold = { channel, stale: [], arrived: [send], isWaiting: false };
    this.#holds.set(channel.key, hold);
    this.#release(hold);
  }

  /** A send that was judged by rights that are others now. */
  addStale(channel: Channel, send: HeldSend): void {
    this.#holdChanged(channel).stale.push(send);
  }

  /** What was judged by the rights before may be `stale`. */
  #holdChanged(channel: Channel): Hold {
    const known = this.#holds.get(channel.key);
    if (known !== undefined) return known;
    const hold: Hold = { channel, stale: [], arrived: [], isWaiting: true };
    this.#holds.set(channel.key, hold);
    this.#queue.afterSettled(() => {
      hold.isWaiting = false;
      this.#release(hold);
    });
    return hold;
  }

  #release(hold: Hold): void {
    if (hold.isWaiting) return;
    const { channel, stale, arrived } = hold;
    const rights = this.#members.peek(channel);
    if (rights === undefined && stale.length + arrived.length > 0) {
      this.#load(hold);
      return;
    }
    this.#holds.delete(channel.key);
    if (rights !== undefined) for (const send of [...stale, ...arrived]) send.onReleased(rights);
  }

  #load(hold: Hold): void {
    hold.isWaiting = true;
    Promise.resolve(this.#members.prepare(hold.channel)).then(
      () => {
        hold.isWaiting = false;
        this.#release(hold);
      },
      (error: unknown) => {
        this.#holds.delete(hold.channel.key);
        for (const send of [...hold.stale, ...hold.arrived]) send.onFailed(error);
      },
    );
  }
}
