// The order of sends while an encoder takes its time: what follows waits for it. Exists only in sessions that encode.

/** One send in its place. */
interface Place {
  /** Undefined while it is being encoded. */
  send: (() => void) | undefined;
  readonly bytes: number;
}

// What a place costs beside what is sent from it.
const PLACE_BYTES = 64;

export class SendQueue {
  readonly #maxBytes: number;
  readonly #onOverflow: () => void;
  #places: Place[] = [];
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

  /** About how many bytes wait. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** `send` runs behind what waits. Must not throw. */
  push(send: () => void, messageBytes = 0): void {
    this.#add({ send, bytes: messageBytes + PLACE_BYTES });
    this.#drain();
  }

  /** Keeps a place; the returned function fills it. */
  reserve(): (send: () => void) => void {
    const place: Place = { send: undefined, bytes: PLACE_BYTES };
    this.#add(place);
    return (send) => {
      place.send = send;
      if (this.#places.includes(place)) this.#drain();
      else send();
    };
  }

  /** Calls back if the places are not through in time. */
  expire(withinMs: number, callback: () => void): void {
    if (this.#deadline !== undefined) return;
    this.#deadline = setTimeout(callback, withinMs);
    this.#deadline.unref();
  }

  /** Waits for no place any more: whoever has one learns at once that the session has ended. */
  giveUp(): void {
    const places = this.#places;
    this.#places = [];
    this.#waitingBytes = 0;
    this.#stopDeadline();
    for (const { send } of places) send?.();
  }

  #add(place: Place): void {
    this.#places.push(place);
    this.#waitingBytes += place.bytes;
    if (this.#waitingBytes > this.#maxBytes) this.#onOverflow();
  }

  #drain(): void {
    // What a send leads to may send again: that waits for its place as well.
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (let first = this.#places[0]; first?.send !== undefined; first = this.#places[0]) {
      first.send();
      // Unless the queue was given up by what it led to.
      if (this.#places[0] === first) this.#places.shift();
      this.#waitingBytes = Math.max(0, this.#waitingBytes - first.bytes);
    }
    this.#isDraining = false;
    if (this.isIdle) this.#stopDeadline();
  }

  #stopDeadline(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }
}
