// How much is inflated at a time: in one turn of the event loop, and in zlib's thread pool.
import { Queue } from '../queue.js';
import { TurnTasks } from '../turn-tasks.js';

// Up to this many bytes of output per turn, over all connections: about 3 ms. What is beyond waits for the next turn.
const BYTES_PER_TURN = 524_288;

/** Waits for a turn in which it may inflate. */
export interface WaitingInflater {
  continue(): void;
}

const waiting = new TurnTasks<WaitingInflater>((inflater) => inflater.continue());
let bytesInTurn = 0;

/** False when as much as allowed was inflated in this turn: `inflater.continue` is then called in a later one. */
export function mayInflateNow(inflater: WaitingInflater): boolean {
  if (bytesInTurn < BYTES_PER_TURN) return true;
  waiting.add(inflater);
  return false;
}

export function noteInflated(bytes: number): void {
  if (bytesInTurn === 0) waiting.addFirst(beginTurn);
  bytesInTurn += bytes;
}

function beginTurn(): void {
  bytesInTurn = 0;
}

/** How many inflaters may work in zlib's thread pool at once: beyond, its memory grows and other users of the pool wait. */
export class PoolPlaces {
  readonly #limit: number;
  #taken = 0;
  readonly #waiting = new Queue<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs `work` when there is a place, perhaps at once. One `give` has to follow each run. */
  take(work: () => void): void {
    if (this.#taken >= this.#limit) {
      this.#waiting.push(work);
      return;
    }
    this.#taken++;
    work();
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken--;
    else next();
  }
}
