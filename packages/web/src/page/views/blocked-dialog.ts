// The dialog that lists the users whom the user blocks.

import type { LongwireClient } from '@longwire/client';
import { element, elementById } from './element.js';
import { FormDialog } from './form-dialog.js';

const PAGE_USERS = 100;

export class BlockedDialog {
  readonly #dialog = new FormDialog('blocked');
  readonly #list = elementById('blocked-users', HTMLUListElement);
  readonly #none = elementById('blocked-none', HTMLElement);
  readonly #further = elementById('blocked-further', HTMLButtonElement);
  readonly #onUnblocked: (user: string) => void;
  #client: LongwireClient | undefined;
  /** Where the list goes on. */
  #after: string | undefined;

  /** @param onUnblocked  called with a user who is no longer blocked */
  constructor(onUnblocked: (user: string) => void) {
    this.#onUnblocked = onUnblocked;
    this.#further.addEventListener('click', () => void this.#load());
  }

  open(client: LongwireClient): void {
    this.#client = client;
    this.#after = undefined;
    this.#list.replaceChildren();
    this.#none.hidden = true;
    this.#further.hidden = true;
    this.#dialog.open();
    void this.#load();
  }

  close(): void {
    this.#client = undefined;
    this.#list.replaceChildren();
    this.#dialog.close();
  }

  #load(): Promise<void> {
    return this.#dialog.attempt('read', async () => {
      const client = this.#client;
      if (client === undefined) return;
      const { users, more } = await client.blocked({ after: this.#after, limit: PAGE_USERS });
      if (this.#client !== client) return;
      this.#list.append(...users.map((user) => this.#entryFor(client, user)));
      this.#after = users.at(-1) ?? this.#after;
      this.#further.hidden = !more;
      this.#none.hidden = this.#list.childElementCount > 0;
    });
  }

  #entryFor(client: LongwireClient, user: string): HTMLLIElement {
    const name = element('span', 'name', user);
    name.dir = 'auto';
    const button = element('button', '', 'Unblock 取消屏蔽');
    button.type = 'button';
    button.setAttribute('aria-label', `Unblock ${user} 取消屏蔽`);
    const root = element('li', 'row');
    button.addEventListener('click', () => {
      void this.#dialog.attempt('block', async () => {
        await client.unblock(user);
        root.remove();
        this.#none.hidden = this.#list.childElementCount > 0;
        this.#onUnblocked(user);
      });
    });
    root.append(name, button);
    return root;
  }
}
