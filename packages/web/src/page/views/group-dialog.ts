// The dialog of the open group: its members and their roles, its settings, leaving it.

import type {
  Group,
  GroupMember,
  GroupRole,
  GroupSettingsChange,
  LongwireClient,
  PendingMember,
} from '@longwire/client';
import { roleWords, wordForRole } from '../state/change-text.js';
import type { Conversation } from '../state/conversation.js';
import { isPossibleName } from '../state/identity.js';
import { impossibleName, wordsForName } from '../words.js';
import { element, elementById, setText } from './element.js';
import { FormDialog, idsIn } from './form-dialog.js';

const PAGE_MEMBERS = 100;
const PAGE_PENDING = 100;

interface Shown {
  readonly client: LongwireClient;
  readonly conversation: Conversation;
  readonly user: string;
}

export class GroupDialog {
  readonly #dialog = new FormDialog('group');
  readonly #heading = elementById('group-heading', HTMLElement);
  readonly #id = elementById('group-id', HTMLElement);
  readonly #list = elementById('group-members', HTMLUListElement);
  readonly #further = elementById('group-further', HTMLButtonElement);
  readonly #pending = elementById('group-pending', HTMLUListElement);
  readonly #addForm = elementById('group-add-form', HTMLFormElement);
  readonly #addUsers = elementById('group-add-users', HTMLInputElement);
  readonly #settingsForm = elementById('group-settings-form', HTMLFormElement);
  readonly #title = elementById('group-title', HTMLInputElement);
  readonly #joining = elementById('group-joining', HTMLSelectElement);
  readonly #history = elementById('group-history', HTMLSelectElement);
  readonly #posting = elementById('group-posting', HTMLSelectElement);
  readonly #delete = elementById('group-delete', HTMLButtonElement);
  #shown: Shown | undefined;
  /** The last member of the list, if there are others. */
  #after: string | undefined;

  constructor() {
    this.#further.addEventListener('click', () => void this.#load(this.#after));
    this.#addForm.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#add();
    });
    this.#settingsForm.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#update();
    });
    elementById('group-leave', HTMLButtonElement).addEventListener('click', () => {
      const words = 'Leave this group? 确定离开此群组？';
      if (window.confirm(words)) void this.#change('leave', (group) => group.leave());
    });
    this.#delete.addEventListener('click', () => {
      const words = 'Delete this group for all its members? 确定为所有成员解散此群组？';
      if (window.confirm(words)) void this.#change('delete', (group) => group.delete());
    });
  }

  open(client: LongwireClient, conversation: Conversation, user: string): void {
    this.#shown = { client, conversation, user };
    this.#list.replaceChildren();
    this.#addForm.reset();
    this.#settingsForm.reset();
    this.#title.value = conversation.group?.title ?? '';
    this.#posting.value = conversation.group?.posting ?? 'members';
    this.refresh(conversation);
    this.#dialog.open();
  }

  close(): void {
    this.#shown = undefined;
    this.#list.replaceChildren();
    this.#dialog.close();
  }

  /** The group has changed: shows it as it is now, if it is the one that is shown. */
  refresh(conversation: Conversation): void {
    if (this.#shown?.conversation !== conversation || conversation.group === undefined) return;
    if (conversation.group.isOver) {
      this.close();
      return;
    }
    setText(this.#heading, wordsForName(conversation));
    setText(this.#id, conversation.groupId ?? '');
    this.#addForm.hidden = !canChange(conversation);
    this.#settingsForm.hidden = !canChange(conversation);
    this.#delete.hidden = conversation.group.role !== 'owner';
    void this.#load(undefined);
  }

  /** @param after  the last member of the list that is shown; undefined: the list begins anew */
  async #load(after: string | undefined): Promise<void> {
    const shown = this.#shown;
    if (shown === undefined) return;
    try {
      const { members, more } = await groupOf(shown).members({ after, limit: PAGE_MEMBERS });
      if (this.#shown !== shown) return;
      if (after === undefined) await this.#loadPending(shown);
      const entries = members.map((member) => this.#entryFor(shown, member));
      if (after === undefined) this.#list.replaceChildren(...entries);
      else this.#list.append(...entries);
      this.#after = more ? members.at(-1)?.user : undefined;
      this.#further.hidden = this.#after === undefined;
    } catch (error) {
      // Shown, as for anything else that the user asked for.
      if (this.#shown === shown) await this.#dialog.attempt('read', () => Promise.reject(error));
    }
  }

  /** Who is invited or has asked to join; for owners and admins. */
  async #loadPending(shown: Shown): Promise<void> {
    if (!canChange(shown.conversation)) {
      this.#pending.replaceChildren();
      return;
    }
    const { pending } = await groupOf(shown).pending({ limit: PAGE_PENDING });
    if (this.#shown === shown) this.#pending.replaceChildren(...pending.map((each) => this.#pendingEntry(each)));
  }

  #pendingEntry({ user, state }: PendingMember): HTMLLIElement {
    const hasAsked = state === 'requested';
    const words = hasAsked ? 'asks to join 申请加入' : 'invited 已邀请';
    const name = element('span', 'name', `${user}: ${words}`);
    name.dir = 'auto';
    const root = element('li', 'row');
    root.append(name);
    const button = (text: string, answer: 'accept' | 'decline') => {
      const made = element('button', '', text);
      made.type = 'button';
      made.addEventListener('click', async () => {
        await this.#change('add', (group) => group[answer]({ user }));
        if (this.#shown !== undefined) void this.#load(undefined);
      });
      root.append(made);
    };
    if (hasAsked) button('Accept 同意', 'accept');
    button(hasAsked ? 'Decline 拒绝' : 'Take back 撤回', 'decline');
    return root;
  }

  #entryFor({ conversation, user: self }: Shown, { user, role, name: userName }: GroupMember): HTMLLIElement {
    conversation.takeName(user, userName);
    const ownRole = conversation.group?.role;
    const isSelf = user === self;
    const text = conversation.userText(user);
    const name = element('span', 'name', isSelf ? `${text} (you 您)` : text);
    name.dir = 'auto';
    const root = element('li', 'row');
    root.append(name, ownRole === 'owner' ? this.#roleField(user, role) : element('span', 'role', wordForRole(role)));
    const canRemove = !isSelf && (ownRole === 'owner' || (ownRole === 'admin' && role === 'member'));
    if (canRemove) {
      const remove = element('button', '', 'Remove 移除');
      remove.type = 'button';
      remove.setAttribute('aria-label', `Remove ${user} 移除`);
      remove.addEventListener('click', () => void this.#change('remove', (group) => group.remove([user])));
      root.append(remove);
    }
    return root;
  }

  #roleField(user: string, role: string): HTMLSelectElement {
    const field = element('select', 'role');
    field.setAttribute('aria-label', `Role of ${user} 角色`);
    for (const [value, text] of roleWords) field.append(new Option(text, value, false, value === role));
    field.addEventListener('change', async () => {
      const wanted = field.value as GroupRole;
      await this.#change('role', (group) => group.setRole(user, wanted));
      // What was refused is not shown as if it were so.
      if (this.#shown !== undefined) void this.#load(undefined);
    });
    return field;
  }

  #add(): void {
    const users = idsIn(this.#addUsers.value);
    if (users.length === 0) return;
    if (!users.every(isPossibleName)) {
      this.#dialog.say(impossibleName);
      return;
    }
    void this.#change('add', async (group) => {
      const { invited } = await group.add(users);
      this.#addForm.reset();
      if (invited.length > 0) this.#dialog.say(`Invited 已邀请: ${invited.join(', ')}`);
      // An invitation is no entry of the group, which would show it.
      if (this.#shown !== undefined) void this.#loadPending(this.#shown);
    });
  }

  #update(): void {
    const group = this.#shown?.conversation.group;
    if (group === undefined) return;
    const title = this.#title.value.trim();
    const settings: GroupSettingsChange = {
      ...(title !== (group.title ?? '') && { title: title === '' ? null : title }),
      ...chosen('joining', this.#joining),
      ...chosen('history', this.#history),
      ...(this.#posting.value !== (group.posting ?? 'members') && chosen('posting', this.#posting)),
    };
    if (Object.keys(settings).length === 0) return;
    void this.#change('update', (handle) => handle.update(settings));
  }

  #change(
    attempt: 'add' | 'remove' | 'role' | 'update' | 'leave' | 'delete',
    make: (group: Group) => Promise<unknown>,
  ): Promise<void> {
    return this.#dialog.attempt(attempt, async () => {
      if (this.#shown !== undefined) await make(groupOf(this.#shown));
    });
  }
}

function canChange({ group }: Conversation): boolean {
  return group?.role === 'owner' || group?.role === 'admin';
}

function groupOf({ client, conversation }: Shown): Group {
  return client.group(conversation.groupId ?? '');
}

/** The setting with the chosen value; nothing where the choice is to leave it as it is. */
function chosen(name: 'joining' | 'history' | 'posting', field: HTMLSelectElement): GroupSettingsChange {
  return field.value === '' ? {} : { [name]: field.value };
}
