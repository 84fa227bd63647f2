// The order of sends while an encoder takes its time: what follows waits for it. Exists only in sessions that encode.

/** One send in its place. */
interface Place {
  /** Undefined while it is being encoded. */
  send: (() => void) | undefined;
  readonly bytes: number;
}

export class SendQueue {
  #places: Place[] = [];
  #waitingBytes = 0;
  #isDraining = false;
  #deadline: NodeJS.Timeout | undefined;

  /** Nothing waits: what is sent now may go out directly. */
  get isIdle(): boolean {
    return this.#places.length === 0;
  }

  /** Bytes (of text: characters) of the messages that wait. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** `send` runs behind what waits. Must not throw. */
  push(send: () => void, bytes = 0): void {
    this.#places.push({ send, bytes });
    this.#waitingBytes += bytes;
    this.#drain();
  }

  /** Keeps a place; the returned function fills it. */
  reserve(): (send: () => void) => void {
    const place: Place = { send: undefined, bytes: 0 };
    this.#places.push(place);
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
