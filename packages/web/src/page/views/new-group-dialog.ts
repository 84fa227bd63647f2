// The dialog in which a group is created, or joined by its id or an invitation.

import type { GroupSettings, LongwireClient } from '@longwire/client';
import { isPossibleGroup, isPossibleName } from '../state/identity.js';
import type { Invitation, Invitations } from '../state/invitations.js';
import { impossibleGroup, impossibleName } from '../words.js';
import { element, elementById, setText } from './element.js';
import { FormDialog, idsIn } from './form-dialog.js';

export class NewGroupDialog {
  readonly #dialog = new FormDialog('new-group');
  readonly #createForm = elementById('new-group-form', HTMLFormElement);
  readonly #title = elementById('new-group-title', HTMLInputElement);
  readonly #users = elementById('new-group-users', HTMLInputElement);
  readonly #joining = elementById('new-group-joining', HTMLSelectElement);
  readonly #joinForm = elementById('join-group-form', HTMLFormElement);
  readonly #joinId = elementById('join-group-id', HTMLInputElement);
  readonly #count = elementById('invitation-count', HTMLElement);
  readonly #invitations = elementById('invitations', HTMLUListElement);
  readonly #section = elementById('invitation-section', HTMLElement);
  readonly #onGroup: (id: string) => void;
  #client: LongwireClient | undefined;

  /** @param onGroup  called with the id of a group that the user is in now */
  constructor(onGroup: (id: string) => void) {
    this.#onGroup = onGroup;
    this.#createForm.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#create();
    });
    this.#joinForm.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#join();
    });
  }

  open(client: LongwireClient): void {
    this.#client = client;
    this.#createForm.reset();
    this.#joinForm.reset();
    this.#dialog.open();
    this.#title.focus();
  }

  close(): void {
    this.#client = undefined;
    this.#dialog.close();
  }

  /** Shows how many there are, and in the dialog from whom. */
  showInvitations(invitations: Invitations): void {
    setText(this.#count, invitations.count === 0 ? '' : String(invitations.count));
    this.#section.hidden = invitations.count === 0;
    if (!this.#dialog.isOpen) return;
    this.#invitations.replaceChildren(
      ...[...invitations].map(([group, invitation]) => this.#entryFor(group, invitation)),
    );
  }

  #entryFor(group: string, { by, title }: Invitation): HTMLLIElement {
    const name = element('span', 'name', `${title ?? group} · ${by}`);
    name.dir = 'auto';
    const button = (text: string, press: (client: LongwireClient) => Promise<void>) => {
      const made = element('button', '', text);
      made.type = 'button';
      made.addEventListener('click', () => {
        const client = this.#client;
        if (client !== undefined) void this.#dialog.attempt('join', () => press(client));
      });
      return made;
    };
    const accept = button('Accept 接受', async (client) => {
      await client.group(group).accept();
      this.#finish(client, group);
    });
    const decline = button('Decline 拒绝', (client) => client.group(group).decline());
    const root = element('li', 'row');
    root.append(name, accept, decline);
    return root;
  }

  #create(): void {
    const users = idsIn(this.#users.value);
    const client = this.#client;
    if (client === undefined) return;
    if (!users.every(isPossibleName)) {
      this.#dialog.say(impossibleName);
      return;
    }
    const title = this.#title.value.trim();
    const joining = this.#joining.value as GroupSettings['joining'];
    void this.#dialog.attempt('create', async () => {
      const { id } = await client.createGroup({
        title: title === '' ? undefined : title,
        joining,
        users: users.length === 0 ? undefined : users,
      });
      this.#finish(client, id);
    });
  }

  #join(): void {
    const typed = this.#joinId.value.trim().normalize('NFC');
    const id = typed.startsWith('group/') ? typed.slice('group/'.length) : typed;
    const client = this.#client;
    if (client === undefined) return;
    if (!isPossibleGroup(id)) {
      this.#dialog.say(impossibleGroup);
      return;
    }
    void this.#dialog.attempt('join', async () => {
      const { pending } = await client.group(id).join();
      if (pending) this.#dialog.say('You have asked to join; an admin decides. 已申请加入，等待管理员同意。');
      else this.#finish(client, id);
    });
  }

  #finish(client: LongwireClient, id: string): void {
    // Closed, or of another user, while the server answered.
    if (this.#client !== client) return;
    if (this.#dialog.isOpen) this.close();
    this.#onGroup(id);
  }
}
