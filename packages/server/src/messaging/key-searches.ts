// Repeats of sends whose first attempt may be long ago: the log is searched for their keys before they are appended. What
// the same user sends to the same channel meanwhile waits behind them, so that the order of the sends stays.

import type { Position, UserId } from '@longwire/protocol';
import type { Channel, ChannelKey } from '../channel/channel.js';
import type { MessageLog, SearchedKey } from '../storage/message-log.js';
import type { StoreTurns } from './store-turns.js';

export interface SearchedSend {
  readonly channel: Channel;
  /** The sender: a user or an application. */
  readonly from: UserId | undefined;
  readonly by: string | undefined;
  /** Undefined, like `since`: nothing is to be searched for this one. */
  readonly key: string | undefined;
  readonly since: Position | undefined;
  /** Its client is gone: it is not worth the search, and a client that comes back repeats it. */
  readonly isAbandoned: () => boolean;
  /** @param since  instead of the one above */
  readonly onSearched: (since: Position | undefined) => void;
  /** The log could not be searched, or not now. Undefined: the send was abandoned. */
  readonly onFailed: (error: unknown) => void;
}

type Sender = Pick<SearchedSend, 'from' | 'by'>;

export class KeySearches {
  readonly #log: MessageLog;
  readonly #turns: StoreTurns;
  /** Sends that wait, by channel and sender, the one that is searched for first. */
  readonly #waiting = new Map<ChannelKey, Map<string, SearchedSend[]>>();

  constructor(log: MessageLog, turns: StoreTurns) {
    this.#log = log;
    this.#turns = turns;
  }

  /** Whether a send has to wait, although it needs no search itself. */
  isAtWork(channel: Channel, sender: Sender): boolean {
    return this.#waiting.size > 0 && this.#waiting.get(channel.key)?.has(nameOfSender(sender)) === true;
  }

  add(send: SearchedSend): void {
    const { channel } = send;
    const sender = nameOfSender(send);
    const ofChannel = this.#waiting.get(channel.key) ?? new Map<string, SearchedSend[]>();
    this.#waiting.set(channel.key, ofChannel);
    const sends = ofChannel.get(sender);
    if (sends !== undefined) {
      sends.push(send);
      return;
    }
    const first = [send];
    ofChannel.set(sender, first);
    void this.#run(channel.key, sender, first);
  }

  async #run(channel: ChannelKey, sender: string, sends: SearchedSend[]): Promise<void> {
    for (let send = sends[0]; send !== undefined; send = sends[0]) {
      const settle = await this.#search(send);
      sends.shift();
      settle();
    }
    const ofChannel = this.#waiting.get(channel);
    ofChannel?.delete(sender);
    if (ofChannel?.size === 0) this.#waiting.delete(channel);
  }

  /** Never rejects. Returns how the send goes on. */
  async #search(send: SearchedSend): Promise<() => void> {
    const { channel, from, by, key, onSearched, onFailed, isAbandoned } = send;
    if (key === undefined || send.since === undefined) return () => onSearched(send.since);
    let { since } = send;
    let until: number | undefined;
    try {
      do {
        if (isAbandoned()) return () => onFailed(undefined);
        const searched: SearchedKey = await this.#turns.run(nameOfSender(send), () =>
          this.#log.searchKey({ channel, from, by, key, since, until }),
        );
        ({ since, until } = searched);
      } while (since.offset < until);
    } catch (error) {
      return () => onFailed(isAbandoned() ? undefined : error);
    }
    return () => onSearched(since);
  }
}

/** Ids contain no spaces. */
function nameOfSender({ from, by }: Sender): string {
  return from ?? `by ${by}`;
}
