// Who is next: a bounded number of jobs at work, at most so many of one party, and the parties in turn.

export interface FairTurnsOptions {
  /** Jobs at work at one time. */
  readonly atWork: number;
  /** Of them, those of one party. */
  readonly atWorkPerParty: number;
  /** Jobs that wait, of all parties together. */
  readonly waiting: number;
}

/** A place in the order. */
export interface Turn {
  /** Resolves with true when the job may begin; with false if the place was given up before, or there was none. */
  readonly granted: Promise<boolean>;
  /** Gives the place up, waiting or at work. Idempotent; to be called once the job is done. */
  end(): void;
}

interface Party {
  atWork: number;
  /** In the order in which they came. */
  readonly waiting: Set<WaitingTurn>;
}

interface WaitingTurn {
  readonly grant: (isGranted: boolean) => void;
}

/** One party that asks a thousand times waits a thousand times; the others wait for one job of each party before them. */
export class FairTurns {
  readonly #options: FairTurnsOptions;
  readonly #parties = new Map<string, Party>();
  /** Parties that could begin a job if there were room, in the order in which they are served. */
  readonly #next = new Set<string>();
  #atWork = 0;
  #waiting = 0;

  constructor(options: FairTurnsOptions) {
    this.#options = options;
  }

  /** Jobs that wait for their turn. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Takes the last place of `name` in the order; if too many wait already, the turn is never granted. */
  take(name: string): Turn {
    if (this.#waiting >= this.#options.waiting) return { granted: Promise.resolve(false), end: () => undefined };
    const party = this.#parties.get(name) ?? { atWork: 0, waiting: new Set() };
    this.#parties.set(name, party);
    let isOver = false;
    let isAtWork = false;
    let turn: WaitingTurn | undefined;
    const granted = new Promise<boolean>((resolve) => {
      turn = {
        grant: (isGranted) => {
          isAtWork = isGranted;
          resolve(isGranted);
        },
      };
      party.waiting.add(turn);
    });
    this.#waiting += 1;
    this.#serve(name, party);
    return {
      granted,
      end: () => {
        if (isOver) return;
        isOver = true;
        if (isAtWork) {
          this.#atWork -= 1;
          party.atWork -= 1;
        } else if (turn !== undefined && party.waiting.delete(turn)) {
          this.#waiting -= 1;
          turn.grant(false);
        }
        this.#serve(name, party);
      },
    };
  }

  /** Something changed for a party: puts it into the order or takes it out, and begins what may begin. */
  #serve(name: string, party: Party): void {
    const isReady = party.waiting.size > 0 && party.atWork < this.#options.atWorkPerParty;
    if (!isReady) this.#next.delete(name);
    else this.#next.add(name);
    if (party.waiting.size === 0 && party.atWork === 0) this.#parties.delete(name);
    while (this.#atWork < this.#options.atWork && this.#next.size > 0) this.#beginNext();
  }

  #beginNext(): void {
    const [name] = this.#next as Iterable<string>;
    const party = this.#parties.get(name!)!;
    const [turn] = party.waiting;
    party.waiting.delete(turn!);
    party.atWork += 1;
    this.#waiting -= 1;
    this.#atWork += 1;
    // Behind the others, if it has more.
    this.#next.delete(name!);
    if (party.waiting.size > 0 && party.atWork < this.#options.atWorkPerParty) this.#next.add(name!);
    turn!.grant(true);
  }
}
