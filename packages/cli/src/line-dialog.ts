// A prompt with lines coming in above it: on a terminal what is being typed stays where it is, else there is no prompt.

import { createInterface, type Interface } from 'node:readline';
import type { Terminal } from './terminal.js';

const CLEAR_LINE = '\r\u001b[2K';

export class LineDialog {
  readonly #terminal: Terminal;
  readonly #interface: Interface;
  readonly #isInteractive: boolean;
  readonly #lines: AsyncIterator<string>;
  #hasEnded = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#isInteractive = terminal.stdin.isTTY === true && terminal.stdout.isTTY === true;
    this.#interface = createInterface({
      input: terminal.stdin,
      output: this.#isInteractive ? terminal.stdout : undefined,
      terminal: this.#isInteractive,
      prompt: '> ',
    });
    // Taken at once: lines that come before somebody iterates would be lost.
    this.#lines = this.#interface[Symbol.asyncIterator]();
    this.#interface.once('close', () => {
      // Ctrl+C or Ctrl+D: what comes next begins on a line of its own.
      if (this.#isInteractive && !this.#hasEnded) terminal.stdout.write('\n');
      this.#hasEnded = true;
    });
  }

  setPrompt(prompt: string): void {
    this.#interface.setPrompt(prompt);
  }

  /** The lines that are typed, until the end of the input, Ctrl+C, Ctrl+D or `end`. */
  async *lines(): AsyncGenerator<string> {
    this.#prompt();
    for (let next = await this.#lines.next(); next.done !== true; next = await this.#lines.next()) {
      yield next.value;
      this.#prompt();
    }
  }

  /** Prints above the prompt; what has been typed so far is drawn again below. */
  print(text: string): void {
    const isPrompting = this.#isInteractive && !this.#hasEnded;
    this.#terminal.stdout.write(`${isPrompting ? CLEAR_LINE : ''}${text}\n`);
    if (isPrompting) this.#interface.prompt(true);
  }

  /** Ends `lines`. Idempotent. */
  end(): void {
    if (this.#isInteractive && !this.#hasEnded) this.#terminal.stdout.write(CLEAR_LINE);
    this.#hasEnded = true;
    this.#interface.close();
  }

  #prompt(): void {
    if (this.#isInteractive && !this.#hasEnded) this.#interface.prompt();
  }
}
