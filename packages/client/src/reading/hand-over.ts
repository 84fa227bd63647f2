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
export type HandOverItem =
  | (ItemFields & { readonly kind: 'message'; readonly message: LongwireMessage })
  | (ItemFields & { readonly kind: 'gap'; readonly gap: GapPush })
  | (ItemFields & { readonly kind: 'passed' });

export interface HandOverPort {
  /** Whether somebody listens to messages. Without a listener they wait, so that none is lost before the first one. */
  isListening(): boolean;
  /** Gives the item to the app; undefined when that is done, else a promise that never rejects. */
  deliver(item: HandOverItem): Promise<void> | undefined;
  /** The app has settled with this item and all before it in its channel. */
  onTaken(item: HandOverItem): void;
}

interface Lane {
  readonly items: HandOverItem[];
  /** Index of the first item that has not been taken; the ones before it are gone. */
  first: number;
  /** A handler runs, or is about to. */
  isRunning: boolean;
}

/** The queues between the socket and the app's handlers, one for each channel in which something waits. */
export class HandOver {
  readonly #port: HandOverPort;
  readonly #lanes = new Map<string, Lane>();
  #queuedItems = 0;
  #queuedSize = 0;
  #isEnded = false;
  #whenIdle: (() => void)[] = [];
  #running = 0;

  constructor(port: HandOverPort) {
    this.#port = port;
  }

  /** Items that were accepted and not yet taken by the app, in all channels. */
  get queuedItems(): number {
    return this.#queuedItems;
  }

  get queuedSize(): number {
    return this.#queuedSize;
  }

  push(item: HandOverItem): void {
    if (this.#isEnded) return;
    let lane = this.#lanes.get(item.channel);
    if (lane === undefined) {
      lane = { items: [], first: 0, isRunning: false };
      this.#lanes.set(item.channel, lane);
    }
    lane.items.push(item);
    this.#queuedItems += 1;
    this.#queuedSize += item.size;
    this.#start(item.channel, lane);
  }

  /** Goes on with what waited for a listener. */
  resume(): void {
    for (const [channel, lane] of this.#lanes) this.#start(channel, lane);
  }

  /** Hands on nothing more. Resolves when the handlers that are running have settled. */
  end(): Promise<void> {
    this.#isEnded = true;
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Handlers start in a turn of their own: after the promise of a send that an entry settled, never inside the decoder. */
  #start(channel: string, lane: Lane): void {
    if (lane.isRunning) return;
    lane.isRunning = true;
    void Promise.resolve().then(() => this.#run(channel, lane));
  }

  #run(channel: string, lane: Lane): void {
    for (;;) {
      const item = lane.items[lane.first];
      if (item === undefined) {
        this.#lanes.delete(channel);
        return;
      }
      if (this.#isEnded || (item.kind === 'message' && !this.#port.isListening())) {
        lane.isRunning = false;
        return;
      }
      this.#running += 1;
      const pending = this.#port.deliver(item);
      if (pending !== undefined) {
        void pending.then(() => {
          this.#settle(lane, item);
          this.#run(channel, lane);
        });
        return;
      }
      this.#settle(lane, item);
    }
  }

  #settle(lane: Lane, item: HandOverItem): void {
    this.#running -= 1;
    this.#queuedItems -= 1;
    this.#queuedSize -= item.size;
    lane.first += 1;
    // Cut off in blocks: shifting each item of a long queue by itself would move the whole rest every time.
    if (lane.first === 1024 || lane.first === lane.items.length) {
      lane.items.splice(0, lane.first);
      lane.first = 0;
    }
    this.#port.onTaken(item);
    if (this.#running === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
