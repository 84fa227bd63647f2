// A user who sends, and repeats with the same key until `sent` comes. Now and then something acknowledged is repeated, too.

import type { SeededRandom } from '@longwire/test-support/seeded-random';
import type { Ledger } from './ledger.js';
import type { WireSession, WireSessions } from './wire-sessions.js';

/** One in so many sends repeats one that was acknowledged. */
const REPEAT_EVERY = 10;
/** Repeats are of so many newest sends: those that the server still knows for certain. */
const REPEATED_AMONG = 100;
const MAX_PAUSE_MS = 15;

/** Where a sender sends. */
export interface Target {
  readonly address: string;
  /** The channel as the ledger names it. */
  readonly channel: string;
}

interface Sent {
  readonly key: string;
  readonly target: Target;
}

export class RepeatingSender {
  readonly name: string;
  readonly targets: readonly Target[];
  isSending = true;
  readonly #sessions: WireSessions;
  readonly #ledger: Ledger;
  readonly #random: SeededRandom;
  readonly #recent: Sent[] = [];
  #next = 0;
  #session: Promise<WireSession | undefined> = Promise.resolve(undefined);

  constructor(name: string, targets: readonly Target[], sessions: WireSessions, ledger: Ledger, random: SeededRandom) {
    this.name = name;
    this.targets = targets;
    this.#sessions = sessions;
    this.#ledger = ledger;
    this.#random = random;
  }

  /** Resolves once it shall send no more and everything was answered. */
  async run(inFlight: number): Promise<void> {
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        while (this.isSending) {
          const isRepeat = this.#recent.length > 0 && this.#random.below(REPEAT_EVERY) === 0;
          await this.#store(isRepeat ? this.#random.pick(this.#recent) : this.#newSend());
          await pass(this.#random.below(MAX_PAUSE_MS));
        }
      }),
    );
    await (await this.#session)?.close();
  }

  #newSend(): Sent {
    return { key: `${this.name} ${this.#next++}`, target: this.#random.pick(this.targets) };
  }

  async #store(send: Sent): Promise<void> {
    const { key, target } = send;
    for (;;) {
      const session = await this.#signedIn();
      const answer = await session?.ask({ type: 'send', to: target.address, body: key, key });
      if (answer?.type === 'sent') {
        this.#ledger.acknowledge(target.channel, key, answer);
        this.#recent.push(send);
        if (this.#recent.length > REPEATED_AMONG) this.#recent.shift();
        return;
      }
      if (answer !== undefined) {
        this.#ledger.refuse(String(answer['code']));
        // Nothing of it was stored, or perhaps it was: both may be repeated with the same key.
        if (answer['code'] !== 'storage_full' && answer['retryable'] !== true)
          this.#ledger.fault(`${key} was refused: ${JSON.stringify(answer)}`);
      }
      await pass(MAX_PAUSE_MS);
    }
  }

  /** One session for all that is in flight. */
  async #signedIn(): Promise<WireSession | undefined> {
    const current = this.#session;
    if ((await current)?.isOpen !== true && this.#session === current) this.#session = this.#signIn();
    return this.#session;
  }

  async #signIn(): Promise<WireSession | undefined> {
    const session = await this.#sessions.open();
    return (await session?.signIn(this.name, { device: 'sender' })) === true ? session : undefined;
  }
}

export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
