// Calls the app's handlers: in order and one at a time within a channel, channels in parallel.

import type { Epoch, GapPush } from '@longwire/protocol';
import type { GroupChange, LongwireMessage, MemberChange } from './message.js';

interface ItemFields {
  readonly channel: string;
  readonly epoch: Epoch;
  /** The app has everything up to this offset once this item is settled. */
  readonly offset: number;
  /** Its size while it waits, in characters of wire text. */
  readonly size: number;
}

/** `passed`: not for the app (an own send, an entry of an unknown kind), but its position is acknowledged in its turn. */
export type DeliveryItem =
  | (ItemFields & { readonly kind: 'message'; readonly message: LongwireMessage })
  | (ItemFields & { readonly kind: 'member'; readonly member: MemberChange })
  | (ItemFields & { readonly kind: 'group'; readonly group: GroupChange })
  | (ItemFields & { readonly kind: 'gap'; readonly gap: GapPush })
  | (ItemFields & { readonly kind: 'passed' });

export interface DeliveryPort {
  /** Whether there is a listener of messages, or of these entries. Without one they wait. */
  isListening(kind: 'message' | 'member' | 'group'): boolean;
  /** Calls the app. Undefined if the handlers have finished, else a promise that never rejects. */
  deliver(item: DeliveryItem): Promise<void> | undefined;
  /** The app has handled this item and all before it in its channel. */
  onSettled(item: DeliveryItem): void;
}

interface ChannelQueue {
  readonly items: DeliveryItem[];
  /** Index of the first item that is not settled; those before it are removed in blocks. */
  first: number;
  /** A handler runs, or is scheduled. */
  isRunning: boolean;
}

/** The queues between the socket and the app's handlers, one for each channel with waiting items. */
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

  /** The number of items that are not settled, in all channels. */
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

  /** Continues with what waited for a listener. */
  resume(): void {
    for (const [channel, queue] of this.#channels) this.#start(channel, queue);
  }

  /** Delivers nothing more. Resolves when the running handlers have settled. */
  end(): Promise<void> {
    this.#isEnded = true;
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Handlers start in a microtask: after the promise of a send that the entry settled, and never inside the decoder. */
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
      if (this.#isEnded || !this.#mayDeliver(item)) {
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

  #mayDeliver({ kind }: DeliveryItem): boolean {
    return kind === 'gap' || kind === 'passed' || this.#port.isListening(kind);
  }

  #settle(queue: ChannelQueue, item: DeliveryItem): void {
    this.#running -= 1;
    this.#queuedItems -= 1;
    this.#queuedSize -= item.size;
    queue.first += 1;
    // Removed in blocks: shifting every single item of a long queue would move all the others each time.
    if (queue.first === 1024 || queue.first === queue.items.length) {
      queue.items.splice(0, queue.first);
      queue.first = 0;
    }
    this.#port.onSettled(item);
    if (this.#running === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
