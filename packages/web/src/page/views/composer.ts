// The field in which a message is written. Enter sends; Shift+Enter does not, nor does an Enter of an input method.

export class Composer {
  readonly #form: HTMLFormElement;
  readonly #field: HTMLTextAreaElement;

  /** @param onTyping  called for each change of the text, with what is written so far */
  constructor(
    form: HTMLFormElement,
    field: HTMLTextAreaElement,
    onText: (text: string) => void,
    onTyping: (text: string) => void,
  ) {
    this.#form = form;
    this.#field = field;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (text === '') return;
      field.value = '';
      onText(text);
      field.focus();
    });
    field.addEventListener('input', () => onTyping(field.value));
    field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || belongsToInputMethod(event)) return;
      event.preventDefault();
      form.requestSubmit();
    });
  }

  get isOpen(): boolean {
    return !this.#form.hidden;
  }

  /** What is written and not sent. */
  get draft(): string {
    return this.#field.value;
  }

  /** Shows the field with a draft. */
  open(draft: string): void {
    this.#form.hidden = false;
    this.#field.value = draft;
    this.#field.focus();
  }

  close(): void {
    this.#form.hidden = true;
    this.#field.value = '';
  }
}

/**
 * Choosing a Chinese word ends with Enter too. Safari ends the composition before the keydown of that Enter, which then
 * is recognised by its key code only (UI Events §7.3.1: 229 for keys that an input method processes).
 */
function belongsToInputMethod(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}
