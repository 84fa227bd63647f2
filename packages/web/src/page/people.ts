// Who the others are: whether they are online, and how they are called.

import type { LongwireClient, PresenceState } from '@longwire/client';
import type { Conversation } from './state/conversation.js';
import type { Conversations } from './state/conversations.js';

const NAMES_AT_ONCE = 100;

export class People {
  readonly #client: LongwireClient;
  readonly #conversations: Conversations;
  readonly #onChange: () => void;
  /** The users whose presence was asked for. */
  readonly #watched = new Set<string>();

  /** @param onChange  called when a conversation has more of a user */
  constructor(client: LongwireClient, conversations: Conversations, onChange: () => void) {
    this.#client = client;
    this.#conversations = conversations;
    this.#onChange = onChange;
  }

  /** Asks for what is new: the presence of the users of all conversations, and names in the open one. */
  ask(open: Conversation | undefined): void {
    void this.#watchPeers();
    if (open?.groupId !== undefined) this.#askNames(open, open.groupId);
  }

  takePresence(user: string, presence: PresenceState): void {
    const conversation = this.#conversations.get(`user/${user}`);
    if (conversation !== undefined) {
      conversation.presence = presence;
      conversation.takeName(user, presence.name);
    }
    this.#onChange();
  }

  async #watchPeers(): Promise<void> {
    const peers = [...this.#conversations].flatMap(({ peer }) => peer ?? []).filter((peer) => !this.#watched.has(peer));
    if (peers.length === 0) return;
    for (const peer of peers) this.#watched.add(peer);
    try {
      const states = await this.#client.watch(peers);
      for (const [peer, state] of states) this.takePresence(peer, state);
    } catch {
      // The page shows nothing of them: they are too many, or the server does not offer it.
    }
  }

  /** Of those who write in a group, or are named there. */
  #askNames(conversation: Conversation, groupId: string): void {
    const group = this.#client.group(groupId);
    for (const user of conversation.usersToName(NAMES_AT_ONCE)) {
      group.profile(user).then(
        ({ name }) => {
          conversation.takeName(user, name);
          this.#onChange();
        },
        // Shown by the id.
        () => undefined,
      );
    }
  }
}
