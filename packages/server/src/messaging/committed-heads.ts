// The newest committed offset of channels in use: what acknowledgements and reads are checked against.

import type { Epoch } from '@longwire/protocol';
import type { BusListener, CommittedEntry } from '../bus/bus.js';
import type { ChannelKey } from '../channel/channel-key.js';
import type { MessageLog } from '../storage/message-log.js';

export interface CommittedHead {
  /** Undefined: the channel has no entry yet. */
  readonly epoch: Epoch | undefined;
  readonly head: number;
}

/** Channels remembered; the ones written longest ago go first and are asked of the log again. */
const MAX_CHANNELS = 65_536;

export class CommittedHeads implements BusListener {
  readonly #log: MessageLog;
  readonly #heads = new Map<ChannelKey, { epoch: Epoch; head: number }>();
  readonly #loads = new Map<ChannelKey, Promise<CommittedHead>>();

  constructor(log: MessageLog) {
    this.#log = log;
  }

  onEntry({ entry }: CommittedEntry): void {
    const known = this.#heads.get(entry.channel);
    if (known === undefined) {
      this.#remember(entry.channel, entry.epoch, entry.offset);
      return;
    }
    known.epoch = entry.epoch;
    known.head = entry.offset;
  }

  onEvent(): void {
    // Receipts and what comes after them move no head.
  }

  onSuspect(): void {
    this.#heads.clear();
  }

  /** At once if the channel is in use. */
  peek(channel: ChannelKey): CommittedHead | undefined {
    return this.#heads.get(channel);
  }

  async of(channel: ChannelKey): Promise<CommittedHead> {
    const known = this.#heads.get(channel);
    if (known !== undefined) return known;
    let load = this.#loads.get(channel);
    if (load === undefined) {
      load = this.#load(channel).finally(() => this.#loads.delete(channel));
      this.#loads.set(channel, load);
    }
    return load;
  }

  async #load(channel: ChannelKey): Promise<CommittedHead> {
    const [stored] = await this.#log.heads([channel]);
    // An entry that was committed meanwhile is newer than what was read.
    const known = this.#heads.get(channel);
    if (known !== undefined) return known;
    const { epoch, head } = stored!;
    if (epoch !== undefined) this.#remember(channel, epoch, head);
    return { epoch, head };
  }

  #remember(channel: ChannelKey, epoch: Epoch, head: number): void {
    if (this.#heads.size >= MAX_CHANNELS) {
      for (const oldest of this.#heads.keys()) {
        this.#heads.delete(oldest);
        break;
      }
    }
    this.#heads.set(channel, { epoch, head });
  }
}
