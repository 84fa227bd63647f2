// Passes each message of the server to the part that handles it.

import type { Answer, EntryPush, ErrorAnswer, Push, ServerMessage, UserSettings } from '@longwire/protocol';
import type { ChannelChange, Goodbye, InvitationChange, PresenceChange, Receipt, Signal } from '../client-events.js';
import { errorFromServer, LongwireError } from '../errors.js';
import type { CommandQueue } from '../sending/command-queue.js';
import type { Inbound } from './inbound.js';

export interface DispatcherParts {
  readonly inbound: Pick<Inbound, 'takeEntry' | 'takeGap'>;
  /** Each has the ids of its own commands. */
  readonly queues: readonly Pick<CommandQueue, 'answer'>[];
  onAckAnswer(id: number, error: LongwireError | undefined): void;
  /** Called for each entry as it arrives, before the app gets it. */
  onEntry(entry: EntryPush): void;
  onReceipt(receipt: Omit<Receipt, 'own'>): void;
  onSignal(signal: Omit<Signal, 'own'>): void;
  onPresence(presence: PresenceChange): void;
  onSettings(settings: UserSettings): void;
  onChannel(channel: ChannelChange): void;
  onInvitation(invitation: InvitationChange): void;
  onGoodbye(goodbye: Goodbye): void;
  onError(error: LongwireError): void;
  /** The stream has a fault: nothing after it can be trusted. */
  onFault(error: LongwireError): void;
}

export class Dispatcher {
  readonly #parts: DispatcherParts;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** @param size  in characters of wire text */
  dispatch(message: ServerMessage, size: number): void {
    switch (message.kind) {
      case 'entry':
      case 'unknownEntry':
        this.#parts.onEntry(message.entry);
        this.#parts.inbound.takeEntry(message.entry, size);
        return;
      case 'answer':
        this.#onAnswer(message.answer);
        return;
      case 'push':
        this.#onPush(message.push, size);
        return;
      case 'unknown':
        // Unknown pushes are ignored. An unknown answer settles its command.
        if (message.re !== undefined) this.#onAnswer(unknownAnswer(message.re, message.type));
        return;
      case 'malformed':
        this.#parts.onFault(new LongwireError('malformed_message', message.message));
        return;
      case 'pong':
        return;
    }
  }

  #onAnswer(answer: Answer): void {
    const { re } = answer;
    if (typeof re !== 'number') return;
    for (const queue of this.#parts.queues) if (queue.answer(re, answer)) return;
    this.#parts.onAckAnswer(re, answer.type === 'error' ? errorFromServer(answer) : undefined);
  }

  #onPush(push: Push, size: number): void {
    switch (push.type) {
      case 'gap':
        this.#parts.inbound.takeGap(push, size);
        return;
      case 'receipt': {
        const { type: _type, ...receipt } = push;
        this.#parts.onReceipt(receipt);
        return;
      }
      case 'signal': {
        const { type: _type, ...signal } = push;
        this.#parts.onSignal(signal);
        return;
      }
      case 'presence': {
        const { type: _type, ...presence } = push;
        this.#parts.onPresence(presence);
        return;
      }
      case 'settings': {
        const { presence, receipts } = push;
        this.#parts.onSettings({ presence, receipts });
        return;
      }
      case 'channel': {
        if (push.invitation !== undefined) {
          const group = push.address.slice('group/'.length);
          this.#parts.onInvitation({ group, ...push.invitation });
          return;
        }
        const { type: _type, ...channel } = push;
        this.#parts.onChannel(channel);
        return;
      }
      case 'goodbye': {
        const { type: _type, ...goodbye } = push;
        this.#parts.onGoodbye(goodbye);
        return;
      }
      case 'error':
        this.#parts.onError(errorFromServer(push));
        return;
    }
  }
}

function unknownAnswer(re: string | number, type: string): ErrorAnswer {
  const message = `The server answered with ${type}, which is not an answer to this command`;
  return { re, type: 'error', code: 'malformed_message', message, retryable: false };
}
