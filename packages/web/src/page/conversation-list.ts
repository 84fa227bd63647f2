// Draws the conversations, the one with the newest message first, and tells which was chosen.

import type { Conversation } from './conversation.js';
import { element } from './element.js';

export class ConversationList {
  readonly #list: HTMLUListElement;
  readonly #onChoose: (conversation: Conversation) => void;

  constructor(list: HTMLUListElement, onChoose: (conversation: Conversation) => void) {
    this.#list = list;
    this.#onChoose = onChoose;
  }

  show(conversations: Iterable<Conversation>, open: Conversation | undefined): void {
    // The focus must survive the drawing, or the keyboard loses its place with each message that comes.
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['peer'] : undefined;
    const sorted = [...conversations].sort((a, b) => b.lastAt - a.lastAt || (a.peer < b.peer ? -1 : 1));
    const buttons = sorted.map((conversation) => this.#button(conversation, conversation === open));
    this.#list.replaceChildren(
      ...buttons.map((button) => {
        const line = element('li', '');
        line.append(button);
        return line;
      }),
    );
    if (focused !== undefined) buttons.find((button) => button.dataset['peer'] === focused)?.focus();
  }

  #button(conversation: Conversation, isOpen: boolean): HTMLButtonElement {
    const { peer, unread, preview } = conversation;
    const button = element('button', '');
    button.type = 'button';
    button.dataset['peer'] = peer;
    button.setAttribute('aria-current', String(isOpen));
    button.append(element('span', 'name', peer));
    if (unread > 0) {
      const badge = element('span', 'unread', String(unread));
      badge.setAttribute('aria-label', `${unread} unread 条未读`);
      button.append(badge);
    }
    button.append(element('span', 'preview', preview));
    button.addEventListener('click', () => this.#onChoose(conversation));
    return button;
  }
}
