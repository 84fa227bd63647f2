// The views of the page, and what the user does in them.

import type { Conversation } from '../state/conversation.js';
import { BlockedDialog } from './blocked-dialog.js';
import { Composer } from './composer.js';
import { ConnectionLine } from './connection-line.js';
import { ConversationList } from './conversation-list.js';
import { elementById } from './element.js';
import { GroupDialog } from './group-dialog.js';
import { MessageList } from './message-list.js';
import { NewGroupDialog } from './new-group-dialog.js';

/** What the user does in the views. */
export interface TalkActions {
  open(conversation: Conversation): void;
  /** @param place  a user such as `bob`, or a group such as `group/eng` */
  openPlace(place: string): void;
  leaveConversation(): void;
  /** Opens the conversation that the address names: after a reload, and by Back and Forward. */
  followLocation(): void;
  send(text: string): void;
  /** The user changed what they are writing. */
  type(text: string): void;
  loadEarlier(): void;
  loadFurther(): void;
  /** What the user sees is read; a tab in the background is not seen. */
  markOpenRead(): void;
  openNewGroup(): void;
  /** The members and settings of the open group. */
  openGroupDialog(): void;
  openBlocked(): void;
  /** Blocks the user of the open conversation, or ends it. */
  toggleBlock(): Promise<void>;
  /** The user has ended a block in the list of blocks. */
  noteUnblocked(user: string): void;
  /** Ends the session and empties the views. */
  end(): Promise<void>;
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
  readonly openGroup = elementById('open-group', HTMLButtonElement);
  readonly block = elementById('block', HTMLButtonElement);
  readonly readOnly = elementById('read-only', HTMLElement);
  readonly connection = new ConnectionLine(elementById('connection', HTMLElement));
  readonly messages = new MessageList(elementById('messages', HTMLOListElement));
  readonly conversations: ConversationList;
  readonly composer: Composer;
  readonly newGroup = new NewGroupDialog((id) => this.talk?.openPlace(`group/${id}`));
  readonly group = new GroupDialog();
  readonly blocked = new BlockedDialog((user) => this.talk?.noteUnblocked(user));
  /** The signed-in user now; the listeners of the views live longer than one of them. */
  talk: TalkActions | undefined;

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
      this.talk?.openPlace(this.openUser.value.trim().normalize('NFC'));
    });
    elementById('open-new-group', HTMLButtonElement).addEventListener('click', () => this.talk?.openNewGroup());
    elementById('open-blocked', HTMLButtonElement).addEventListener('click', () => this.talk?.openBlocked());
    this.openGroup.addEventListener('click', () => this.talk?.openGroupDialog());
    this.block.addEventListener('click', () => void this.talk?.toggleBlock());
    window.addEventListener('popstate', () => this.talk?.followLocation());
    document.addEventListener('visibilitychange', () => this.talk?.markOpenRead());
  }

  /** With room for both this changes nothing; on a small screen either the list or the conversation is shown (page.css). */
  set showsConversation(isShown: boolean) {
    this.root.dataset['shows'] = isShown ? 'conversation' : 'list';
  }

  closeDialogs(): void {
    for (const dialog of [this.newGroup, this.group, this.blocked]) dialog.close();
  }

  /** Whether the user can see the open conversation. */
  get isConversationVisible(): boolean {
    return document.visibilityState === 'visible' && this.conversation.offsetParent !== null;
  }
}
