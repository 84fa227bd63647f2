// The order of sends while an encoder takes its time: what follows waits for it. Exists only in sessions that encode.
import { Queue } from '@longwire/websocket';

/** One send in its place. */
export interface Place {
  /** Undefined while it is being encoded. */
  send: (() => void) | undefined;
  bytes: number;
  /** False once it was sent or given up. */
  isWaiting: boolean;
}

// What a place costs beside what is sent from it, measured: itself and the closure that sends. Many small messages behind an
// encoder that hangs would else be many times what they are counted as.
const placeBytes = 160;

/** What a place costs in addition if a promise waits for it, measured. */
export const awaitedBytes = 460;

export class SendQueue {
  readonly #maxBytes: number;
  readonly #onOverflow: () => void;
  readonly #places = new Queue<Place>();
  #waitingBytes = 0;
  #isDraining = false;
  #deadline: NodeJS.Timeout | undefined;

  /** @param onOverflow  called when more than `maxBytes` wait */
  constructor(maxBytes: number, onOverflow: () => void) {
    this.#maxBytes = maxBytes;
    this.#onOverflow = onOverflow;
  }

  /** Nothing waits: what is sent now may go out directly. */
  get isIdle(): boolean {
    return this.#places.length === 0;
  }

  /** About how many bytes wait, with what it costs to keep them. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** `send` runs behind what waits. Must not throw. */
  push(send: () => void, messageBytes = 0): Place {
    const place: Place = { send, bytes: placeBytes + messageBytes, isWaiting: true };
    this.#add(place);
    this.#drain();
    return place;
  }

  /** More waits in this place. */
  grow(place: Place, bytes: number): void {
    if (!place.isWaiting) return;
    place.bytes += bytes;
    this.#count(bytes);
  }

  /** Keeps a place; the returned function fills it. */
  reserve(): (send: () => void) => void {
    const place: Place = { send: undefined, bytes: placeBytes + awaitedBytes, isWaiting: true };
    this.#add(place);
    return (send) => {
      place.send = send;
      if (place.isWaiting) this.#drain();
      else send();
    };
  }

  /** Calls back if the places are not through in time. */
  expire(withinMs: number, callback: () => void): void {
    if (this.#deadline !== undefined) return;
    this.#deadline = setTimeout(callback, withinMs);
    this.#deadline.unref();
  }

  /** Waits for no place any more: those that have one are rejected at once, because the session has ended. */
  giveUp(): void {
    const places = this.#places.takeAll();
    this.#waitingBytes = 0;
    this.#stopDeadline();
    for (const place of places) place.isWaiting = false;
    for (const { send } of places) send?.();
  }

  #add(place: Place): void {
    this.#places.push(place);
    this.#count(place.bytes);
  }

  #count(bytes: number): void {
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > this.#maxBytes) this.#onOverflow();
  }

  #drain(): void {
    // What a send leads to may send again: that waits for its place as well.
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (let first = this.#places.first; first?.send !== undefined; first = this.#places.first) {
      first.send();
      // The queue was given up by what it led to.
      if (!first.isWaiting) continue;
      first.isWaiting = false;
      this.#places.shift();
      this.#waitingBytes -= first.bytes;
    }
    this.#isDraining = false;
    if (this.isIdle) this.#stopDeadline();
  }

  #stopDeadline(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }
}
