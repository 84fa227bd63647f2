// One signed-in user: the SDK's events on one side, the views on the other.

import {
  type ConnectionStateChange,
  connect,
  type LongwireClient,
  LongwireError,
  type LongwireMessage,
  type SessionInfo,
} from '@longwire/client';
import { Composer } from './composer.js';
import { ConnectionLine } from './connection-line.js';
import { Conversation, type PendingMessage, type StoredMessage } from './conversation.js';
import { ConversationList } from './conversation-list.js';
import { elementById } from './element.js';
import { isPossibleName } from './identity.js';
import { MessageList } from './message-list.js';
import { impossibleName } from './words.js';

const PAGE_MESSAGES = 50;

export interface TalkEvents {
  /** The server refused the credentials, or ended the session for good. */
  onRefused(change: ConnectionStateChange): void;
}

/** The views of the page, made once; a `Talk` fills them. */
export class TalkViews {
  readonly root = elementById('talk', HTMLElement);
  readonly who = elementById('who', HTMLElement);
  readonly conversation = elementById('conversation', HTMLElement);
  readonly peer = elementById('peer', HTMLElement);
  readonly unreadElsewhere = elementById('unread-elsewhere', HTMLElement);
  readonly earlier = elementById('earlier', HTMLButtonElement);
  readonly openForm = elementById('open-form', HTMLFormElement);
  readonly openUser = elementById('open-user', HTMLInputElement);
  readonly connection = new ConnectionLine(elementById('connection', HTMLElement));
  readonly messages = new MessageList(elementById('messages', HTMLOListElement));
  readonly conversations: ConversationList;
  readonly composer: Composer;
  /** Who is signed in now; the listeners of the views live longer than one of them. */
  talk: Talk | undefined;

  constructor() {
    this.conversations = new ConversationList(elementById('conversations', HTMLUListElement), (conversation) => {
      this.talk?.open(conversation);
    });
    this.composer = new Composer(
      elementById('composer', HTMLFormElement),
      elementById('composer-text', HTMLTextAreaElement),
      (text) => this.talk?.send(text),
    );
    this.earlier.addEventListener('click', () => this.talk?.loadEarlier());
    elementById('to-conversations', HTMLButtonElement).addEventListener('click', () => {
      this.showsConversation = false;
      this.openUser.focus();
    });
    this.openForm.addEventListener('submit', (event) => {
      event.preventDefault();
      this.talk?.openUser(this.openUser.value.trim().normalize('NFC'));
    });
    document.addEventListener('visibilitychange', () => this.talk?.markOpenRead());
  }

  /** Where both have room it changes nothing; on a small screen the list and the conversation take turns (page.css). */
  set showsConversation(isShown: boolean) {
    this.root.dataset['shows'] = isShown ? 'conversation' : 'list';
  }

  /** Whether anybody can look at the open conversation. */
  get isConversationVisible(): boolean {
    return document.visibilityState === 'visible' && this.conversation.offsetParent !== null;
  }
}

export class Talk {
  readonly #client: LongwireClient;
  readonly #views: TalkViews;
  readonly #conversations = new Map<string, Conversation>();
  #user = '';
  #open: Conversation | undefined;
  #isDrawing = false;

  constructor(token: string, views: TalkViews, events: TalkEvents) {
    this.#views = views;
    const client = connect({ getToken: () => token, client: { name: 'longwire-page' } });
    this.#client = client;
    client.on('connected', (session) => this.#onConnected(session));
    client.on('message', (message) => this.#onMessage(message));
    client.on('gap', (gap) => {
      this.#conversationAt(gap.channel)?.takeGap(gap);
      this.#draw();
    });
    client.on('receipt', ({ channel, user, epoch, delivered, read }) => {
      const conversation = this.#conversations.get(channel);
      if (conversation === undefined || user !== conversation.peer) return;
      conversation.takeReceipt(epoch, delivered, read);
      this.#draw();
    });
    client.on('state', (change) => {
      views.connection.show(change);
      if (change.state === 'disconnected' && !change.willReconnect) events.onRefused(change);
    });
    // Whatever ends a connection or a sign-in is told by `state`; what else goes wrong is a mistake of this page.
    client.on('error', (error) => {
      if (error.code === 'handler_failed') reportError(error);
    });
    views.connection.show({ state: 'connecting', code: undefined, reason: '', willReconnect: true });
  }

  /** Ends the session and empties the views. */
  async end(): Promise<void> {
    this.#views.composer.close();
    this.#views.showsConversation = false;
    this.#views.peer.textContent = 'Nobody chosen yet 尚未选择';
    this.#views.messages.show(new Conversation('user/'));
    this.#views.conversations.show([], undefined);
    this.#views.earlier.hidden = true;
    await this.#client.close();
  }

  openUser(user: string): void {
    const { openForm, openUser } = this.#views;
    if (!isPossibleName(user)) {
      openUser.setCustomValidity(impossibleName);
      openForm.reportValidity();
      // Otherwise the next attempt would be refused by the browser before it gets here.
      openUser.setCustomValidity('');
      return;
    }
    const conversation = this.#conversationAt(this.#client.user(user).address);
    if (conversation === undefined) return;
    openUser.value = '';
    this.open(conversation);
  }

  open(conversation: Conversation): void {
    this.#open = conversation;
    this.#views.peer.textContent = conversation.peer;
    this.#views.showsConversation = true;
    this.#views.composer.open();
    if (conversation.hasEarlier === undefined) void this.#loadHistory(conversation);
    this.markOpenRead();
    this.#draw();
  }

  send(text: string): void {
    const conversation = this.#open;
    if (conversation === undefined) return;
    const pending: PendingMessage = { text, at: Date.now(), failure: undefined };
    conversation.pending.add(pending);
    void this.#store(pending, conversation);
    this.#draw();
  }

  loadEarlier(): void {
    if (this.#open !== undefined) void this.#loadHistory(this.#open, this.#open.first);
  }

  /** Whoever looks at a conversation has read it; a tab in the background is not looked at. */
  markOpenRead(): void {
    const conversation = this.#open;
    if (conversation === undefined || !this.#views.isConversationVisible || conversation.unread === 0) return;
    const newest = conversation.newestReceived;
    // Not loaded yet, so not seen yet either.
    if (newest === undefined) return;
    conversation.markRead();
    void this.#tellRead(conversation, newest);
  }

  async #tellRead(conversation: Conversation, newest: StoredMessage): Promise<void> {
    try {
      await this.#client.channel(conversation.address).read(newest);
    } catch {
      // Told with the next message that is read, or at the next sign-in.
    }
  }

  async #store(pending: PendingMessage, conversation: Conversation): Promise<void> {
    try {
      const result = await this.#client.channel(conversation.address).send({ text: pending.text });
      conversation.settle(pending, result, this.#user);
    } catch (error) {
      pending.failure = textOf(error);
    }
    this.#draw();
  }

  async #loadHistory(conversation: Conversation, before?: StoredMessage): Promise<void> {
    try {
      const page = await this.#client.channel(conversation.address).history({ before, limit: PAGE_MESSAGES });
      conversation.takeHistory(page.messages, page.more);
      this.markOpenRead();
    } catch (error) {
      // The button to ask once more; what went wrong is in the console, unless it was the signing out.
      conversation.hasEarlier = true;
      if (this.#views.talk === this) reportError(error);
    }
    this.#draw();
  }

  #onConnected(session: SessionInfo): void {
    this.#user = session.user;
    this.#views.who.textContent = session.user;
    document.title = `${session.user} · Longwire`;
    for (const summary of session.channels) this.#conversationAt(summary.address)?.takeSummary(summary);
    this.markOpenRead();
    this.#draw();
  }

  #onMessage(message: LongwireMessage): void {
    const conversation = this.#conversationAt(message.channel);
    if (conversation === undefined) return;
    conversation.takeMessage(message);
    if (conversation === this.#open) this.markOpenRead();
    this.#draw();
  }

  /** Undefined for channels that are no conversations of two. */
  #conversationAt(address: string): Conversation | undefined {
    if (!address.startsWith('user/')) return undefined;
    let conversation = this.#conversations.get(address);
    if (conversation === undefined) {
      conversation = new Conversation(address);
      this.#conversations.set(address, conversation);
    }
    return conversation;
  }

  // Once for everything that happens before the browser paints: a backlog of a thousand messages is one drawing.
  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    setTimeout(() => {
      this.#isDrawing = false;
      // Signed out meanwhile: the views belong to the next one.
      if (this.#views.talk !== this) return;
      this.#views.conversations.show(this.#conversations.values(), this.#open);
      if (this.#open === undefined) return;
      let unreadElsewhere = 0;
      for (const conversation of this.#conversations.values()) {
        if (conversation !== this.#open) unreadElsewhere += conversation.unread;
      }
      this.#views.unreadElsewhere.textContent = unreadElsewhere === 0 ? '' : String(unreadElsewhere);
      this.#views.earlier.hidden = this.#open.hasEarlier !== true;
      this.#views.messages.show(this.#open);
    }, 0);
  }
}

function textOf(error: unknown): string {
  if (error instanceof LongwireError) return error.message;
  return error instanceof Error ? error.message : String(error);
}
