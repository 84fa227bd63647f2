// Faults that the error handler has been told of and that a handler may still fail with, because its caller was told too.

const maxRemembered = 16;

export class ToldErrors {
  readonly #errors = new Set<unknown>();

  has(error: unknown): boolean {
    return this.#errors.has(error);
  }

  add(error: unknown): void {
    this.#errors.add(error);
    // Who caught one handled it: it will not come back.
    if (this.#errors.size > maxRemembered) this.#errors.delete(this.#errors.values().next().value);
  }

  delete(error: unknown): boolean {
    return this.#errors.delete(error);
  }
}
