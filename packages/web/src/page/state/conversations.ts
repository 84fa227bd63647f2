// All conversations of the user, the one with the newest message first. The order is that of the server's list and of what
// arrives after it: clocks of different moments do not show which message is newer.

import type { ChannelSummary } from '@longwire/client';
import { Conversation } from './conversation.js';

export class Conversations {
  readonly #byAddress = new Map<string, Conversation>();
  #ordered: Conversation[] = [];

  [Symbol.iterator](): IterableIterator<Conversation> {
    return this.#ordered.values();
  }

  get(address: string): Conversation | undefined {
    return this.#byAddress.get(address);
  }

  /** The conversation at an address, made if there is none. Undefined for channels that the page does not show. */
  at(address: string): Conversation | undefined {
    if (!/^(user\/|group\/|inbox$|all$)/.test(address)) return undefined;
    let conversation = this.#byAddress.get(address);
    if (conversation === undefined) {
      conversation = new Conversation(address);
      this.#byAddress.set(address, conversation);
      this.#ordered.push(conversation);
    }
    return conversation;
  }

  /** The first page of the server's list, at a sign-in: these are the newest. */
  takeFirst(summaries: readonly ChannelSummary[]): void {
    const listed = new Set(this.#take(summaries));
    const others = this.#ordered.filter((conversation) => !listed.has(conversation));
    // One without a message was opened here, and is about to get its first.
    const opened = others.filter((conversation) => !conversation.hasMessages);
    this.#ordered = [...opened, ...listed, ...others.filter((conversation) => conversation.hasMessages)];
  }

  /** A further page of the server's list. */
  takeFurther(summaries: readonly ChannelSummary[]): void {
    // New ones are appended by `at`, in the order of the list; the others stay where they are.
    const unknown = summaries.filter(({ address }) => !this.#byAddress.has(address));
    this.#take(unknown);
  }

  /** Moves a conversation to the front, because it has the newest message. */
  promote(conversation: Conversation): void {
    if (this.#ordered[0] === conversation) return;
    this.#ordered = [conversation, ...this.#ordered.filter((other) => other !== conversation)];
  }

  get unread(): number {
    let unread = 0;
    for (const conversation of this) unread += conversation.unread;
    return unread;
  }

  #take(summaries: readonly ChannelSummary[]): Conversation[] {
    return summaries.flatMap((summary) => {
      const conversation = this.at(summary.address);
      conversation?.takeSummary(summary);
      return conversation ?? [];
    });
  }
}
