// Signals: sent at once or not at all, and never repeated.

import { type Address, type Answer, type JsonValue, protocolTimes } from '@longwire/protocol';
import { errorFromServer, LongwireError } from '../errors.js';
import { ReportedPromise } from './reported-promise.js';
import type { RequestsPort } from './requests.js';

/** Beyond this number the server is too far away for anything passing. */
const MAX_UNANSWERED_SIGNALS = 8;
/** Channels in which the user was typing a moment ago. */
const MAX_TYPING = 1_000;

export interface SignalsPort extends RequestsPort {
  isOpen(): boolean;
  nextId(): number;
  transmit(text: string): void;
}

interface PendingSignal {
  resolve(): void;
  reject(error: LongwireError): void;
}

export class Signals {
  readonly #port: SignalsPort;
  readonly #pending = new Map<number, PendingSignal>();
  /** When `typing` was last sent, per channel in which it may still be shown. */
  readonly #typing = new Map<Address, number>();

  constructor(port: SignalsPort) {
    this.#port = port;
  }

  send(to: Address, name: string, data: JsonValue | undefined): Promise<void> {
    return new ReportedPromise((resolve, reject) => {
      const ended = this.#port.ended();
      if (ended !== undefined) {
        reject(ended);
        return;
      }
      if (!this.#port.isOpen() || this.#pending.size >= MAX_UNANSWERED_SIGNALS) {
        reject(new LongwireError('signal_dropped', 'There is no connection, or too many signals are unanswered'));
        return;
      }
      const id = this.#port.nextId();
      let text: string;
      try {
        text = JSON.stringify({ id, type: 'signal', to, name, data });
      } catch (cause) {
        reject(new LongwireError('invalid_field', 'The data of a signal must be JSON', { cause }));
        return;
      }
      this.#pending.set(id, { resolve, reject });
      this.#port.transmit(text);
    }, this.#port);
  }

  /** Also reports that it was one of its own. */
  answer(id: number, answer: Answer): boolean {
    const pending = this.#pending.get(id);
    if (pending === undefined) return false;
    this.#pending.delete(id);
    if (answer.type === 'error') pending.reject(errorFromServer(answer));
    else pending.resolve();
    return true;
  }

  /** The connection is lost, and with it the answers. */
  lose(): void {
    this.#typing.clear();
    const unanswered = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of unanswered) {
      reject(new LongwireError('signal_dropped', 'The connection was lost before the signal was answered'));
    }
  }

  typing(to: Address): void {
    const now = this.#port.clock.now();
    const sentAt = this.#typing.get(to);
    // A clock that was set back must not silence it.
    if (sentAt !== undefined && now >= sentAt && now - sentAt < protocolTimes.typingRepeatMs) return;
    if (this.#typing.size >= MAX_TYPING) this.#typing.clear();
    this.#typing.set(to, now);
    // Not reported: the next one follows soon, or the user no longer types.
    this.send(to, 'typing', undefined).catch(() => undefined);
  }

  stopTyping(to: Address): void {
    if (this.#typing.delete(to)) this.send(to, 'typing', false).catch(() => undefined);
  }

  /** A message is sent, which ends it for everybody. */
  forgetTyping(to: Address): void {
    this.#typing.delete(to);
  }
}
