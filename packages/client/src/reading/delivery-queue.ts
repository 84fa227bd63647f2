// Hands entries to the app: in order and one at a time within a channel, channels beside one another.

import type { Epoch, GapPush } from '@longwire/protocol';
import type { LongwireMessage } from './message.js';

interface ItemFields {
  readonly channel: string;
  readonly epoch: Epoch;
  /** The device has everything up to here once this item was taken. */
  readonly offset: number;
  /** What it is counted as while it waits: characters of its text on the wire. */
  readonly size: number;
}

/** `passed`: nothing for the app (an own send, a kind without name here), but the position moves in its turn. */
export type DeliveryItem =
  | (ItemFields & { readonly kind: 'message'; readonly message: LongwireMessage })
  | (ItemFields & { readonly kind: 'gap'; readonly gap: GapPush })
  | (ItemFields & { readonly kind: 'passed' });

export interface DeliveryPort {
  /** Whether somebody listens to messages. Without a listener they wait, so that none is lost before the first one. */
  isListening(): boolean;
  /** Gives the item to the app; undefined when that is done, else a promise that never rejects. */
  deliver(item: DeliveryItem): Promise<void> | undefined;
  /** The app has settled with this item and all before it in its channel. */
  onTaken(item: DeliveryItem): void;
}

interface ChannelQueue {
  readonly items: DeliveryItem[];
  /** Index of the first item that has not been taken; the ones before it are gone. */
  first: number;
  /** A handler runs, or is about to. */
  isRunning: boolean;
}

/** The queues between the socket and the app's handlers, one for each channel in which something waits. */
export class DeliveryQueue {
  readonly #port: DeliveryPort;
  readonly #channels = new Map<string, ChannelQueue>();
  #queuedItems = 0;
  #queuedSize = 0;
  #isEnded = false;
  #whenIdle: (() => void)[] = [];
  #running = 0;

  constructor(port: DeliveryPort) {
    this.#port = port;
  }

  /** Items that were accepted and not yet taken by the app, in all channels. */
  get queuedItems(): number {
    return this.#queuedItems;
  }

  get queuedSize(): number {
    return this.#queuedSize;
  }

  push(item: DeliveryItem): void {
    if (this.#isEnded) return;
    let queue = this.#channels.get(item.channel);
    if (queue === undefined) {
      queue = { items: [], first: 0, isRunning: false };
      this.#channels.set(item.channel, queue);
    }
    queue.items.push(item);
    this.#queuedItems += 1;
    this.#queuedSize += item.size;
    this.#start(item.channel, queue);
  }

  /** Goes on with what waited for a listener. */
  resume(): void {
    for (const [channel, queue] of this.#channels) this.#start(channel, queue);
  }

  /** Hands on nothing more. Resolves when the handlers that are running have settled. */
  end(): Promise<void> {
    this.#isEnded = true;
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Handlers start in a turn of their own: after the promise of a send that an entry settled, never inside the decoder. */
  #start(channel: string, queue: ChannelQueue): void {
    if (queue.isRunning) return;
    queue.isRunning = true;
    void Promise.resolve().then(() => this.#run(channel, queue));
  }

  #run(channel: string, queue: ChannelQueue): void {
    for (;;) {
      const item = queue.items[queue.first];
      if (item === undefined) {
        this.#channels.delete(channel);
        return;
      }
      if (this.#isEnded || (item.kind === 'message' && !this.#port.isListening())) {
        queue.isRunning = false;
        return;
      }
      this.#running += 1;
      const pending = this.#port.deliver(item);
      if (pending !== undefined) {
        void pending.then(() => {
          this.#settle(queue, item);
          this.#run(channel, queue);
        });
        return;
      }
      this.#settle(queue, item);
    }
  }

  #settle(queue: ChannelQueue, item: DeliveryItem): void {
    this.#running -= 1;
    this.#queuedItems -= 1;
    this.#queuedSize -= item.size;
    queue.first += 1;
    // Cut off in blocks: shifting each item of a long queue by itself would move the whole rest every time.
    if (queue.first === 1024 || queue.first === queue.items.length) {
      queue.items.splice(0, queue.first);
      queue.first = 0;
    }
    this.#port.onTaken(item);
    if (this.#running === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
