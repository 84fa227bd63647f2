// Draws the list of conversations, and reports which one is chosen.

import type { Conversation } from '../state/conversation.js';
import { wordsForName } from '../words.js';
import { element, setChildren, setText } from './element.js';

interface Entry {
  readonly root: HTMLLIElement;
  readonly button: HTMLButtonElement;
  readonly name: HTMLElement;
  readonly unread: HTMLElement;
  readonly preview: HTMLElement;
}

export class ConversationList {
  readonly #list: HTMLUListElement;
  readonly #onChoose: (conversation: Conversation) => void;
  #entries = new Map<Conversation, Entry>();

  constructor(list: HTMLUListElement, onChoose: (conversation: Conversation) => void) {
    this.#list = list;
    this.#onChoose = onChoose;
  }

  show(conversations: Iterable<Conversation>, open: Conversation | undefined): void {
    const entries = new Map<Conversation, Entry>();
    for (const conversation of conversations) {
      const entry = this.#entries.get(conversation) ?? this.#entryFor(conversation);
      entries.set(conversation, entry);
      update(entry, conversation, conversation === open);
    }
    this.#entries = entries;
    const focused = document.activeElement;
    setChildren(
      this.#list,
      [...entries.values()].map(({ root }) => root),
    );
    // An entry that moved to the front has lost the focus, and the keyboard its place.
    if (focused instanceof HTMLElement && this.#list.contains(focused)) focused.focus();
  }

  #entryFor(conversation: Conversation): Entry {
    const button = element('button', '');
    button.type = 'button';
    const name = element('span', 'name');
    name.dir = 'auto';
    const unread = element('span', 'unread');
    const preview = element('span', 'preview');
    preview.dir = 'auto';
    button.append(name, unread, preview);
    button.addEventListener('click', () => this.#onChoose(conversation));
    const root = element('li', '');
    root.append(button);
    return { root, button, name, unread, preview };
  }
}

function update(entry: Entry, conversation: Conversation, isOpen: boolean): void {
  const { unread, preview, presence, group } = conversation;
  setText(entry.name, wordsForName(conversation));
  entry.button.dataset['kind'] = group === undefined ? 'user' : 'group';
  const isOnline = presence?.online === true;
  entry.button.dataset['online'] = String(isOnline);
  entry.button.title = isOnline ? 'online 在线' : '';
  entry.button.setAttribute('aria-current', String(isOpen));
  entry.unread.hidden = unread === 0;
  setText(entry.unread, String(unread));
  entry.unread.setAttribute('aria-label', `${unread} unread 条未读`);
  setText(entry.preview, preview);
}
