// Commands waiting for their answers: in order, a limited number at a time, repeated after a lost connection.

import type { Answer } from '@longwire/protocol';
import { type BackoffOptions, backoffMs, type RandomFraction } from '../connection/backoff.js';
import { errorFromServer, LongwireError } from '../errors.js';
import type { PlatformClock, PlatformTimer } from '../platform/platform.js';

/** One command of the app. Its maker encodes it and interprets its answer. */
export interface PendingCommand {
  /** The bytes of memory that it counts as while it waits. */
  readonly size: number;
  /** The idempotency key of a send. */
  readonly key?: string | undefined;
  /** The text of the command. `attempt` starts at 1. If it throws a LongwireError, the command is rejected unsent. */
  encode(id: number, attempt: number): string;
  /** Called with every answer that is not followed by a repetition, also after the command was settled in another way. */
  onAnswer?(answer: Answer): void;
  resolve(answer: Answer): void;
  /** `wasInDoubt`: the server may have carried out an earlier attempt. */
  reject(error: LongwireError, wasInDoubt?: boolean): void;
}

export interface CommandQueuePort {
  readonly clock: PlatformClock;
  readonly random: RandomFraction;
  nextId(): number;
  transmit(text: string): void;
}

export interface CommandQueueOptions {
  readonly maxCommands: number;
  /** The bytes of memory of all pending commands. */
  readonly maxSize: number;
  readonly backoff: BackoffOptions;
  /** How often a command is repeated after a retryable error without `afterMs`. */
  readonly maxRepeats: number;
}

interface Slot {
  readonly command: PendingCommand;
  /** Its place in the order of the app's calls. A repetition keeps it. */
  readonly order: number;
  attempts: number;
  repeats: number;
  /** Sent, and perhaps carried out: its connection was lost, or the server answered with a retryable error. */
  isInDoubt: boolean;
  /** Answered, aborted or found in the log: its promise is settled. */
  isSettled: boolean;
}

/** Commands in the order of the app's calls. Those that a lost connection left unanswered go first. */
export class CommandQueue {
  readonly #port: CommandQueuePort;
  readonly #options: CommandQueueOptions;
  readonly #slots = new Map<PendingCommand, Slot>();
  readonly #inFlight = new Map<number, Slot>();
  #waiting: Slot[] = [];
  #firstWaiting = 0;
  #size = 0;
  #lastOrder = 0;
  #window = 0;
  #hold: PlatformTimer | undefined;

  constructor(port: CommandQueuePort, options: CommandQueueOptions) {
    this.#port = port;
    this.#options = options;
  }

  /** The number of commands that are not settled. */
  get count(): number {
    return this.#slots.size;
  }

  /**
   * Adds a command at the end of the order.
   * @throws LongwireError `outbox_full`, or `too_large` if the queue is too small for it even when empty
   */
  add(command: PendingCommand): void {
    const { maxCommands, maxSize } = this.#options;
    const { key, size } = command;
    if (size > maxSize) {
      throw new LongwireError('too_large', `At most ${maxSize} bytes are held, this takes ${size}`, { key });
    }
    if (this.#slots.size >= maxCommands || this.#size + size > maxSize) {
      const waiting = `${this.#slots.size} commands of ${this.#size} bytes`;
      throw new LongwireError('outbox_full', `${waiting} wait; at most ${maxCommands} of ${maxSize} bytes are held`, {
        key,
      });
    }
    this.#lastOrder += 1;
    const slot = { command, order: this.#lastOrder, attempts: 0, repeats: 0, isInDoubt: false, isSettled: false };
    this.#slots.set(command, slot);
    this.#size += size;
    this.#waiting.push(slot);
    this.#pump();
  }

  /** There is a connection, on which at most `window` commands may be unanswered. */
  open(window: number): void {
    this.#window = window;
    this.#pump();
  }

  /** The connection is lost: its unanswered commands go first on the next one, in their order. */
  lose(): void {
    // A hold stays: the server asked to wait, whatever happens to the connection.
    this.#window = 0;
    const unanswered = [...this.#inFlight.values()];
    for (const slot of unanswered) slot.isInDoubt = true;
    this.#inFlight.clear();
    this.#putBack(unanswered);
  }

  /** Passes an answer to its command. False if no command of this queue has that id. */
  answer(id: number, answer: Answer): boolean {
    const slot = this.#inFlight.get(id);
    if (slot === undefined) return false;
    this.#inFlight.delete(id);
    if (slot.isSettled) slot.command.onAnswer?.(answer);
    else this.#take(slot, answer);
    this.#pump();
    return true;
  }

  /** The outcome of the command is known in another way: it is settled without a call. */
  forget(command: PendingCommand): void {
    const slot = this.#slots.get(command);
    if (slot !== undefined) this.#settle(slot);
  }

  /** Whether the command was sent at least once: if so, the server may have it. */
  wasAttempted(command: PendingCommand): boolean {
    return (this.#slots.get(command)?.attempts ?? 0) > 0;
  }

  /** Whether the server may have carried the command out, and no answer will say so. */
  isInDoubt(command: PendingCommand): boolean {
    return this.#slots.get(command)?.isInDoubt === true;
  }

  /** Rejects every command with the error that `errorFor` returns for it. */
  rejectAll(errorFor: (command: PendingCommand, wasAttempted: boolean) => LongwireError): void {
    this.#window = 0;
    this.#release();
    const slots = [...this.#slots.values()];
    this.#inFlight.clear();
    this.#waiting = [];
    this.#firstWaiting = 0;
    for (const slot of slots) {
      this.#settle(slot);
      slot.command.reject(errorFor(slot.command, slot.attempts > 0));
    }
  }

  #take(slot: Slot, answer: Answer): void {
    const { command } = slot;
    const mayRepeat =
      answer.type === 'error' &&
      answer.retryable &&
      (answer.afterMs !== undefined || slot.repeats < this.#options.maxRepeats);
    if (!mayRepeat) {
      this.#settle(slot);
      command.onAnswer?.(answer);
      if (answer.type === 'error') command.reject(errorFromServer(answer, command.key), slot.isInDoubt);
      else command.resolve(answer);
      return;
    }
    this.#putBack([slot]);
    if (answer.code === 'rate_limited' && answer.afterMs !== undefined) {
      // It changed nothing. The limit is that of one user, so the repetition needs no jitter.
      this.#holdFor(answer.afterMs);
      return;
    }
    slot.isInDoubt = true;
    this.#holdFor(backoffMs(slot.repeats, this.#port.random, this.#options.backoff, answer.afterMs));
    slot.repeats += 1;
  }

  #pump(): void {
    while (this.#hold === undefined && this.#inFlight.size < this.#window) {
      const slot = this.#nextWaiting();
      if (slot === undefined) return;
      const id = this.#port.nextId();
      let text: string;
      try {
        text = slot.command.encode(id, slot.attempts + 1);
      } catch (error) {
        this.#settle(slot);
        slot.command.reject(error as LongwireError);
        continue;
      }
      slot.attempts += 1;
      this.#inFlight.set(id, slot);
      this.#port.transmit(text);
    }
  }

  #nextWaiting(): Slot | undefined {
    for (;;) {
      const slot = this.#waiting[this.#firstWaiting];
      if (slot === undefined || this.#firstWaiting === 1024) {
        this.#waiting.splice(0, this.#firstWaiting);
        this.#firstWaiting = 0;
        if (slot === undefined) return undefined;
        continue;
      }
      this.#firstWaiting += 1;
      if (!slot.isSettled) return slot;
    }
  }

  #putBack(slots: readonly Slot[]): void {
    const alive = slots.filter((slot) => !slot.isSettled);
    if (alive.length === 0) return;
    const rest = this.#waiting.slice(this.#firstWaiting);
    this.#waiting = [...alive, ...rest].sort((a, b) => a.order - b.order);
    this.#firstWaiting = 0;
  }

  #settle(slot: Slot): void {
    slot.isSettled = true;
    if (this.#slots.delete(slot.command)) this.#size -= slot.command.size;
  }

  /** Sends nothing for a while: later commands must not overtake a refused one. */
  #holdFor(delayMs: number): void {
    this.#hold?.cancel();
    this.#hold = this.#port.clock.startTimer(delayMs, () => {
      this.#hold = undefined;
      this.#pump();
    });
  }

  #release(): void {
    this.#hold?.cancel();
    this.#hold = undefined;
  }
}
