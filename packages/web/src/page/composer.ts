// Where a message is written. Enter sends; Shift+Enter, and Enter while an input method composes, do not.

export class Composer {
  readonly #form: HTMLFormElement;
  readonly #field: HTMLTextAreaElement;

  constructor(form: HTMLFormElement, field: HTMLTextAreaElement, onText: (text: string) => void) {
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
    field.addEventListener('keydown', (event) => {
      // Choosing a Chinese word ends with Enter too; that one belongs to the input method.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
  }

  open(): void {
    this.#form.hidden = false;
    this.#field.focus();
  }

  close(): void {
    this.#form.hidden = true;
    this.#field.value = '';
  }
}
