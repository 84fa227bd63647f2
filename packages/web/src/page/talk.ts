// One signed-in user: connects the events of the SDK and the views of the page.

import {
  type ConnectionStateChange,
  connect,
  type LongwireClient,
  LongwireError,
  type LongwireMessage,
  type PresenceState,
  type Receipt,
  type SessionInfo,
} from '@longwire/client';
import type { Conversation, PendingMessage, StoredMessage } from './state/conversation.js';
import { Conversations } from './state/conversations.js';
import { isPossibleName } from './state/identity.js';
import { placeInLocation, placeOf, visit } from './state/location.js';
import { Composer } from './views/composer.js';
import { ConnectionLine } from './views/connection-line.js';
import { ConversationList } from './views/conversation-list.js';
import { elementById, setText } from './views/element.js';
import { MessageList } from './views/message-list.js';
import { impossibleName, wordsForName, wordsForPeer } from './words.js';

const PAGE_MESSAGES = 50;
const PAGE_CONVERSATIONS = 50;

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
  readonly peerState = elementById('peer-state', HTMLElement);
  readonly hint = elementById('no-conversation', HTMLElement);
  readonly unreadElsewhere = elementById('unread-elsewhere', HTMLElement);
  readonly earlier = elementById('earlier', HTMLButtonElement);
  readonly further = elementById('further', HTMLButtonElement);
  readonly openForm = elementById('open-form', HTMLFormElement);
  readonly openUser = elementById('open-user', HTMLInputElement);
  readonly connection = new ConnectionLine(elementById('connection', HTMLElement));
  readonly messages = new MessageList(elementById('messages', HTMLOListElement));
  readonly conversations: ConversationList;
  readonly composer: Composer;
  /** The signed-in user now; the listeners of the views live longer than one of them. */
  talk: Talk | undefined;

  constructor() {
    this.conversations = new ConversationList(elementById('conversations', HTMLUListElement), (conversation) => {
      this.talk?.open(conversation);
    });
    this.composer = new Composer(
      elementById('composer', HTMLFormElement),
      elementById('composer-text', HTMLTextAreaElement),
      (text) => this.talk?.send(text),
      (text) => this.talk?.type(text),
    );
    this.earlier.addEventListener('click', () => this.talk?.loadEarlier());
    this.further.addEventListener('click', () => this.talk?.loadFurther());
    elementById('to-conversations', HTMLButtonElement).addEventListener('click', () => {
      this.talk?.leaveConversation();
      this.openUser.focus();
    });
    this.openForm.addEventListener('submit', (event) => {
      event.preventDefault();
      this.talk?.openUser(this.openUser.value.trim().normalize('NFC'));
    });
    window.addEventListener('popstate', () => this.talk?.followLocation());
    document.addEventListener('visibilitychange', () => this.talk?.markOpenRead());
  }

  /** With room for both this changes nothing; on a small screen either the list or the conversation is shown (page.css). */
  set showsConversation(isShown: boolean) {
    this.root.dataset['shows'] = isShown ? 'conversation' : 'list';
  }

  /** Whether the user can see the open conversation. */
  get isConversationVisible(): boolean {
    return document.visibilityState === 'visible' && this.conversation.offsetParent !== null;
  }
}

export class Talk {
  readonly #client: LongwireClient;
  readonly #views: TalkViews;
  readonly #conversations = new Conversations();
  /** The users whose presence was asked for. */
  readonly #watched = new Set<string>();
  #user = '';
  #open: Conversation | undefined;
  /** Where the server's list goes on; undefined if it is complete. */
  #lastListed: string | undefined;
  #isDrawing = false;
  /** The user has just sent something, and wants to see it. */
  #scrollToEnd = false;

  constructor(token: string, views: TalkViews, events: TalkEvents) {
    this.#views = views;
    const client = connect({
      // Relative to the page, which may be below a path of a proxy.
      url: new URL('v1/connect', document.baseURI).href,
      getToken: () => token,
      keepBodyText: true,
      client: { name: 'longwire-page' },
    });
    this.#client = client;
    client.on('connected', (session) => this.#onConnected(session));
    client.on('message', (message) => this.#onMessage(message));
    client.on('gap', (gap) => {
      this.#conversations.at(gap.channel)?.takeGap(gap);
      this.#draw();
    });
    client.on('receipt', (receipt) => this.#onReceipt(receipt));
    client.on('presence', ({ user, online, lastSeenAt }) => this.#takePresence(user, { online, lastSeenAt }));
    client.on('typing', ({ channel, isTyping }) => {
      const conversation = this.#conversations.get(channel);
      if (conversation !== undefined) conversation.isTyping = isTyping;
      this.#draw();
    });
    client.on('state', (change) => {
      views.connection.show(change);
      if (change.state === 'disconnected' && !change.willReconnect) events.onRefused(change);
    });
    // What ends a connection or a sign-in is reported by `state`; the rest are faults of this page.
    client.on('error', (error) => {
      if (error.code === 'handler_failed') reportError(error);
    });
    views.connection.show({ state: 'connecting', code: undefined, reason: '', willReconnect: true });
    this.followLocation();
  }

  /** Ends the session and empties the views. */
  async end(): Promise<void> {
    this.#views.composer.close();
    this.#show(undefined);
    this.#views.messages.show(undefined, { toEnd: false });
    this.#views.conversations.show([], undefined);
    this.#views.further.hidden = true;
    await this.#client.close();
  }

  openUser(user: string): void {
    const { openForm, openUser } = this.#views;
    if (!isPossibleName(user)) {
      openUser.setCustomValidity(impossibleName);
      openForm.reportValidity();
      // Otherwise the browser would refuse the next attempt before it gets here.
      openUser.setCustomValidity('');
      return;
    }
    const conversation = this.#conversations.at(this.#client.user(user).address);
    if (conversation === undefined) return;
    openUser.value = '';
    if (!conversation.hasMessages) this.#conversations.promote(conversation);
    this.open(conversation);
  }

  open(conversation: Conversation): void {
    visit(placeOf(conversation));
    this.#show(conversation);
    if (conversation.hasEarlier === undefined) void this.#loadHistory(conversation);
    this.markOpenRead();
    this.#draw();
  }

  /** Back to the list. */
  leaveConversation(): void {
    visit(undefined);
    this.#show(undefined);
    this.#draw();
  }

  /** Opens the conversation that the address names: after a reload, and by Back and Forward. */
  followLocation(): void {
    const place = placeInLocation();
    const channel = place?.startsWith('/') ? this.#conversations.at(place.slice(1)) : undefined;
    if (channel !== undefined) this.open(channel);
    else if (place !== undefined && isPossibleName(place)) this.openUser(place);
    else this.leaveConversation();
  }

  send(text: string): void {
    const conversation = this.#open;
    if (conversation === undefined) return;
    void this.#store(conversation.addPending(text), conversation);
    this.#scrollToEnd = true;
    this.#draw();
  }

  /** The user changed what they are writing. */
  type(text: string): void {
    if (this.#open === undefined) return;
    const channel = this.#client.channel(this.#open.address);
    if (text.trim() === '') channel.stopTyping();
    else channel.typing();
  }

  loadEarlier(): void {
    if (this.#open !== undefined) void this.#loadHistory(this.#open, this.#open.earliest);
  }

  loadFurther(): void {
    if (this.#lastListed !== undefined) void this.#loadConversations(this.#lastListed);
  }

  /** What the user sees is read; a tab in the background is not seen. */
  markOpenRead(): void {
    const conversation = this.#open;
    if (conversation === undefined || !this.#views.isConversationVisible || conversation.unread === 0) return;
    const newest = conversation.newestReceived;
    // Not loaded yet, so not seen yet either.
    if (newest === undefined) return;
    conversation.markRead();
    void this.#reportRead(conversation, newest);
    this.#draw();
  }

  /** Shows another conversation, or none. Each keeps what was being written in it. */
  #show(conversation: Conversation | undefined): void {
    const views = this.#views;
    if (this.#open !== undefined) this.#open.draft = views.composer.draft;
    this.#open = conversation;
    views.showsConversation = conversation !== undefined;
    const name = conversation === undefined ? 'No conversation open 未打开会话' : wordsForName(conversation);
    setText(views.peer, name);
    views.hint.hidden = conversation !== undefined;
    views.earlier.hidden = true;
    if (conversation?.peer === undefined) views.composer.close();
    else views.composer.open(conversation.draft);
  }

  /** Watches the users of the conversations that are new here. */
  async #watchPeers(): Promise<void> {
    const peers = [...this.#conversations].flatMap(({ peer }) => peer ?? []).filter((peer) => !this.#watched.has(peer));
    if (peers.length === 0) return;
    for (const peer of peers) this.#watched.add(peer);
    try {
      const states = await this.#client.watch(peers);
      for (const [peer, state] of states) this.#takePresence(peer, state);
    } catch {
      // The page shows nothing of them: they are too many, or the server does not offer it.
    }
  }

  #takePresence(user: string, presence: PresenceState): void {
    const conversation = this.#conversations.get(`user/${user}`);
    if (conversation !== undefined) conversation.presence = presence;
    this.#draw();
  }

  async #reportRead(conversation: Conversation, newest: StoredMessage): Promise<void> {
    try {
      await this.#client.channel(conversation.address).read(newest);
    } catch {
      // Covered by the next message that is read, or by the next sign-in.
    }
  }

  async #store(pending: PendingMessage, conversation: Conversation): Promise<void> {
    try {
      const result = await this.#client.channel(conversation.address).send({ text: pending.text });
      conversation.settle(pending, result, this.#user);
      this.#conversations.promote(conversation);
    } catch (error) {
      pending.failure = textOf(error);
    }
    this.#draw();
  }

  async #loadHistory(conversation: Conversation, before?: Conversation['earliest']): Promise<void> {
    try {
      const page = await this.#client.channel(conversation.address).history({ before, limit: PAGE_MESSAGES });
      conversation.takeHistory(page);
      this.markOpenRead();
    } catch (error) {
      // Shows the button to try again. The error goes to the console, unless the user has signed out.
      conversation.hasEarlier = true;
      if (this.#views.talk === this) reportError(error);
    }
    this.#draw();
  }

  async #loadConversations(after: string): Promise<void> {
    try {
      const { channels, more } = await this.#client.channels({ after, limit: PAGE_CONVERSATIONS });
      this.#conversations.takeFurther(channels);
      this.#lastListed = more ? channels.at(-1)?.address : undefined;
    } catch (error) {
      this.#lastListed = after;
      if (this.#views.talk === this) reportError(error);
    }
    this.#draw();
  }

  #onConnected({ user, channels, more }: SessionInfo): void {
    const isFirst = this.#user === '';
    this.#user = user;
    this.#views.who.textContent = user;
    this.#conversations.takeFirst(channels);
    // `connected` lists the newest conversations only. After the first sign-in the others are known here.
    const last = channels.at(-1);
    if (isFirst && more === true && last !== undefined) void this.#loadConversations(last.address);
    this.markOpenRead();
    this.#draw();
  }

  #onMessage(message: LongwireMessage): void {
    const conversation = this.#conversations.at(message.channel);
    if (conversation === undefined) return;
    if (conversation.takeMessage(message)) this.#conversations.promote(conversation);
    if (conversation === this.#open) this.markOpenRead();
    this.#draw();
  }

  #onReceipt({ channel, user, epoch, delivered, read }: Receipt): void {
    const conversation = this.#conversations.get(channel);
    if (conversation === undefined) return;
    if (user === conversation.peer) conversation.takeReceipt(epoch, delivered, read);
    // In a note to oneself the two are the same user.
    if (user === this.#user && read !== undefined) conversation.takeOwnRead(epoch, read);
    this.#draw();
  }

  // Once for everything that happens before the browser paints: a backlog of a thousand messages is drawn once.
  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    setTimeout(() => {
      this.#isDrawing = false;
      // Signed out meanwhile: the views belong to the next user.
      if (this.#views.talk === this) this.#drawNow();
    }, 0);
  }

  #drawNow(): void {
    const views = this.#views;
    const open = this.#open;
    const { unread } = this.#conversations;
    void this.#watchPeers();
    setText(views.peerState, open === undefined ? '' : wordsForPeer(open));
    document.title = `${unread === 0 ? '' : `(${unread}) `}${this.#user === '' ? '' : `${this.#user} · `}Longwire`;
    views.conversations.show(this.#conversations, open);
    views.further.hidden = this.#lastListed === undefined;
    const unreadElsewhere = unread - (open?.unread ?? 0);
    setText(views.unreadElsewhere, unreadElsewhere === 0 ? '' : String(unreadElsewhere));
    views.earlier.hidden = open?.hasEarlier !== true;
    views.messages.show(open, { toEnd: this.#scrollToEnd });
    this.#scrollToEnd = false;
  }
}

function textOf(error: unknown): string {
  if (error instanceof LongwireError) return error.message;
  return error instanceof Error ? error.message : String(error);
}
