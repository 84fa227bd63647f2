// One signed-in user: connects the events of the SDK and the views of the page.

import {
  type ChannelChange,
  type ConnectionStateChange,
  connect,
  type GroupChange,
  type LongwireClient,
  LongwireError,
  type LongwireMessage,
  type MemberChange,
  type Receipt,
  type SessionInfo,
} from '@longwire/client';
import { isAddress } from '@longwire/protocol';
import { wordsForFailure } from './failure-words.js';
import { People } from './people.js';
import type { Conversation, PendingMessage, StoredMessage } from './state/conversation.js';
import { Conversations } from './state/conversations.js';
import { isPossibleName } from './state/identity.js';
import { Invitations } from './state/invitations.js';
import { placeInLocation, placeOf, visit } from './state/location.js';
import { setText } from './views/element.js';
import type { TalkActions, TalkViews } from './views/talk-views.js';
import { wordsForFaultOfPlace, wordsForName, wordsForPeer, wordsForReadOnly } from './words.js';

const PAGE_MESSAGES = 50;
const PAGE_CONVERSATIONS = 50;
const PAGE_INVITATIONS = 200;

export interface TalkEvents {
  /** The server refused the credentials, or ended the session for good. */
  onRefused(change: ConnectionStateChange): void;
}

export class Talk implements TalkActions {
  readonly #client: LongwireClient;
  readonly #views: TalkViews;
  readonly #conversations = new Conversations();
  readonly #invitations = new Invitations();
  readonly #people: People;
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
    this.#people = new People(client, this.#conversations, () => this.#draw());
    client.on('connected', (session) => this.#onConnected(session));
    client.on('message', (message) => this.#onMessage(message));
    client.on('member', (change) => this.#onChange(change));
    client.on('group', (change) => this.#onChange(change));
    client.on('channel', (change) => this.#onChannel(change));
    client.on('invitation', (change) => {
      this.#invitations.take(change);
      this.#draw();
    });
    client.on('gap', (gap) => {
      this.#conversations.at(gap.channel)?.takeGap(gap);
      this.#draw();
    });
    client.on('receipt', (receipt) => this.#onReceipt(receipt));
    client.on('presence', ({ user, ...state }) => this.#people.takePresence(user, state));
    client.on('typing', ({ channel, user, isTyping }) => {
      const typing = this.#conversations.get(channel)?.typing;
      if (isTyping) typing?.add(user);
      else typing?.delete(user);
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

  async end(): Promise<void> {
    this.#views.composer.close();
    this.#views.closeDialogs();
    this.#show(undefined);
    this.#views.messages.show(undefined, { toEnd: false });
    this.#views.conversations.show([], undefined);
    this.#views.further.hidden = true;
    await this.#client.close();
  }

  openPlace(place: string): void {
    const { openForm, openUser } = this.#views;
    const fault = wordsForFaultOfPlace(place);
    if (fault !== undefined) {
      openUser.setCustomValidity(fault);
      openForm.reportValidity();
      // Otherwise the browser would refuse the next attempt before it gets here.
      openUser.setCustomValidity('');
      return;
    }
    const conversation = this.#conversations.at(place.startsWith('group/') ? place : `user/${place}`);
    if (conversation === undefined) return;
    openUser.value = '';
    if (!conversation.hasMessages) this.#conversations.promote(conversation);
    this.open(conversation);
  }

  openNewGroup(): void {
    this.#views.newGroup.open(this.#client);
    this.#draw();
  }

  openBlocked(): void {
    this.#views.blocked.open(this.#client);
  }

  openGroupDialog(): void {
    if (this.#open?.group !== undefined) this.#views.group.open(this.#client, this.#open, this.#user);
  }

  async toggleBlock(): Promise<void> {
    const conversation = this.#open;
    const peer = conversation?.peer;
    if (conversation === undefined || peer === undefined) return;
    const { isBlocked } = conversation;
    if (!isBlocked && !window.confirm(`Block ${peer}? 确定屏蔽 ${peer}？`)) return;
    try {
      if (isBlocked) await this.#client.unblock(peer);
      else await this.#client.block(peer);
      conversation.isBlocked = !isBlocked;
    } catch (error) {
      if (this.#views.talk === this) window.alert(wordsForFailure('block', error));
    }
    this.#draw();
  }

  noteUnblocked(user: string): void {
    const conversation = this.#conversations.get(`user/${user}`);
    if (conversation !== undefined) conversation.isBlocked = false;
    this.#draw();
  }

  open(conversation: Conversation): void {
    visit(placeOf(conversation));
    this.#show(conversation);
    if (conversation.hasEarlier === undefined) void this.#loadHistory(conversation);
    this.markOpenRead();
    this.#draw();
  }

  leaveConversation(): void {
    visit(undefined);
    this.#show(undefined);
    this.#draw();
  }

  followLocation(): void {
    const place = placeInLocation();
    const address = place?.startsWith('/') ? place.slice(1) : '';
    const channel = isAddress(address) ? this.#conversations.at(address) : undefined;
    if (channel !== undefined) this.open(channel);
    else if (place !== undefined && isPossibleName(place)) this.openPlace(place);
    else this.leaveConversation();
  }

  send(text: string): void {
    const conversation = this.#open;
    if (conversation === undefined) return;
    void this.#store(conversation.addPending(text), conversation);
    this.#scrollToEnd = true;
    this.#draw();
  }

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
    views.hint.hidden = conversation !== undefined;
    views.earlier.hidden = true;
    views.composer.close();
    this.#showComposer(conversation);
  }

  /** The field to write in, where the user may write. */
  #showComposer(conversation: Conversation | undefined): void {
    const { composer } = this.#views;
    const canWrite = conversation !== undefined && !conversation.isReadOnly;
    if (canWrite && !composer.isOpen) composer.open(conversation.draft);
    if (!canWrite && composer.isOpen) composer.close();
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
      pending.failure = wordsForFailure('send', error);
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
      if (error instanceof LongwireError && error.code === 'not_a_member') conversation.takeRefusal();
      else if (this.#views.talk === this) reportError(error);
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

  async #loadInvitations(): Promise<void> {
    try {
      this.#invitations.takeList(await this.#client.invitations({ limit: PAGE_INVITATIONS }));
    } catch {
      // Asked again after the next sign-in.
    }
    this.#draw();
  }

  #onConnected({ user, channels, more }: SessionInfo): void {
    const isFirst = this.#user === '';
    this.#user = user;
    this.#views.who.textContent = user;
    this.#conversations.takeFirst(channels);
    // `connected` lists the newest conversations only. After the first sign-in the others are known here.
    void this.#loadInvitations();
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

  #onChange(change: MemberChange | GroupChange): void {
    const conversation = this.#conversations.at(change.channel);
    if (conversation === undefined) return;
    if (conversation.takeChange(change, this.#user)) this.#conversations.promote(conversation);
    this.#views.group.refresh(conversation);
    this.#draw();
  }

  #onChannel(change: ChannelChange): void {
    if (change.removed === true) {
      this.#conversations.get(change.address)?.takeRemoval();
    } else {
      const isNew = this.#conversations.get(change.address) === undefined;
      const conversation = this.#conversations.at(change.address);
      if (isNew) conversation?.takeSummary(change);
      else conversation?.takeState(change);
      if (isNew && conversation !== undefined) this.#conversations.promote(conversation);
    }
    const conversation = this.#conversations.get(change.address);
    if (conversation !== undefined) this.#views.group.refresh(conversation);
    this.#draw();
  }

  #onReceipt({ channel, user, epoch, delivered, read }: Receipt): void {
    const conversation = this.#conversations.get(channel);
    if (conversation === undefined) return;
    if (channel === `user/${user}`) conversation.takeReceipt(epoch, delivered, read);
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
    this.#people.ask(open);
    setText(views.peer, open === undefined ? 'No conversation open 未打开会话' : wordsForName(open));
    setText(views.peerState, open === undefined ? '' : wordsForPeer(open));
    views.newGroup.showInvitations(this.#invitations);
    views.openGroup.hidden = open?.group === undefined || open.group.isOver;
    views.block.hidden = open?.peer === undefined || open.peer === this.#user;
    setText(views.block, open?.isBlocked === true ? 'Unblock 取消屏蔽' : 'Block 屏蔽');
    setText(views.readOnly, open === undefined ? '' : wordsForReadOnly(open));
    this.#showComposer(open);
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
