// A dialog whose buttons ask the server: one thing at a time, and a failure is shown in it.

import { type Attempt, wordsForFailure } from '../failure-words.js';
import { elementById } from './element.js';

export class FormDialog {
  readonly #root: HTMLDialogElement;
  readonly #note: HTMLElement;
  #isBusy = false;

  /** @param id  of a dialog with an element `${id}-note` and a button `${id}-close` */
  constructor(id: string) {
    this.#root = elementById(id, HTMLDialogElement);
    this.#note = elementById(`${id}-note`, HTMLElement);
    elementById(`${id}-close`, HTMLButtonElement).addEventListener('click', () => this.close());
  }

  get isOpen(): boolean {
    return this.#root.open;
  }

  open(): void {
    this.#note.textContent = '';
    if (!this.#root.open) this.#root.showModal();
  }

  close(): void {
    this.#root.close();
  }

  /** Shows what was done, or why something is not possible. */
  say(words: string): void {
    this.#note.textContent = words;
  }

  /** Does something that the user wants, unless it is still busy with what they wanted before. */
  async attempt(attempt: Attempt, work: () => Promise<void>): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#root.setAttribute('aria-busy', 'true');
    this.#note.textContent = '';
    try {
      await work();
    } catch (error) {
      this.#note.textContent = wordsForFailure(attempt, error);
    } finally {
      this.#isBusy = false;
      this.#root.removeAttribute('aria-busy');
    }
  }
}

/** The user ids in a text, which stand between spaces or commas. */
export function idsIn(text: string): string[] {
  return text
    .normalize('NFC')
    .split(/[\s,，、]+/)
    .filter((id) => id !== '');
}
