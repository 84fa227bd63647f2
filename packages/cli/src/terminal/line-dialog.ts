// A dialog in lines: what is typed or piped in, and what is printed meanwhile. On a terminal there is a prompt, and the
// text being typed stays below what is printed.

import { createInterface, type Interface } from 'node:readline';
import { Interrupted } from '../exit-code.js';
import { LineInput } from './line-input.js';
import { OutputError, type Terminal, write } from './terminal.js';

const CLEAR_LINE = '\r\u001b[2K';

export class LineDialog {
  readonly #terminal: Terminal;
  /** On a terminal. */
  readonly #prompt: Interface | undefined;
  readonly #input: { lines(): AsyncIterable<string>; end(): void };
  #hasEnded = false;
  #failure: OutputError | undefined;
  #lastWrite = Promise.resolve();
  readonly #interruption = new AbortController();
  /** Called at the prompt with the text so far, each time a key has changed it; a line that was ended is none. */
  onTyping: ((text: string) => void) | undefined;

  /** @param stopped  resolves with the signal that asks the process to stop, which ends the dialog */
  constructor(terminal: Terminal, stopped: Promise<NodeJS.Signals>) {
    this.#terminal = terminal;
    void stopped.then((signal) => this.#interrupt(signal));
    if (terminal.stdin.isTTY === true && terminal.stdout.isTTY === true) {
      this.#prompt = this.#openPrompt();
      this.#input = promptLines(this.#prompt);
    } else {
      this.#input = new LineInput(terminal.stdin);
    }
    terminal.stdout.once('error', (error) => {
      this.#failure ??= new OutputError(error);
      this.end();
    });
  }

  /** Aborted with the reason `Interrupted` by a signal, and by Ctrl+C at the prompt, where it is not a signal. */
  get interrupted(): AbortSignal {
    return this.#interruption.signal;
  }

  /** Shown with the next line; the text typed so far is drawn again behind it by `redraw`. */
  setPrompt(prompt: string): void {
    this.#prompt?.setPrompt(prompt);
  }

  redraw(): void {
    if (this.#hasEnded || this.#prompt === undefined) return;
    this.#terminal.stdout.write(CLEAR_LINE);
    this.#prompt.prompt(true);
  }

  /**
   * The lines of the user until the end of the input, Ctrl+C, Ctrl+D or `end`.
   * @throws CliFailure  a line is not UTF-8 text or too long
   * @throws OutputError  stdout failed meanwhile, which ends the dialog
   */
  async *lines(): AsyncGenerator<string> {
    if (!this.#hasEnded) this.#prompt?.prompt();
    try {
      for await (const line of this.#input.lines()) {
        yield line;
        if (!this.#hasEnded) this.#prompt?.prompt();
      }
    } catch (error) {
      // What readline reports of a terminal that was closed is no failure of its own.
      if (!this.interrupted.aborted) throw error;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Prints above the prompt; the text typed so far is drawn again below.
   * Resolves when stdout has taken it; rejects with an OutputError, which `lines` throws as well.
   */
  print(text: string): Promise<void> {
    const prompt = this.#hasEnded ? undefined : this.#prompt;
    const written = write(this.#terminal, `${prompt === undefined ? '' : CLEAR_LINE}${text}\n`);
    // The failure ends the dialog (see the constructor): a caller has to wait only where it matters.
    written.catch(() => undefined);
    this.#lastWrite = written;
    prompt?.prompt(true);
    return written;
  }

  /** Resolves when everything printed is written. Rejects with an OutputError if any of it was not. */
  async flush(): Promise<void> {
    await this.#lastWrite;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends `lines`. Idempotent. */
  end(): void {
    if (this.#hasEnded) return;
    if (this.#prompt !== undefined) this.#terminal.stdout.write(CLEAR_LINE);
    this.#hasEnded = true;
    this.#input.end();
  }

  #interrupt(signal: NodeJS.Signals): void {
    // Closing the prompt of a terminal that is gone reports the next error.
    if (this.interrupted.aborted) return;
    this.#interruption.abort(new Interrupted(signal));
    if (this.#prompt === undefined) this.end();
    // Leaves the text typed so far where it is.
    else this.#prompt.close();
  }

  #openPrompt(): Interface {
    const { stdin, stdout } = this.#terminal;
    const prompt = createInterface({ input: stdin, output: stdout, terminal: true, prompt: '> ' });
    // After the prompt itself, which has taken the key by then.
    stdin.on('keypress', (_text: unknown, key: { readonly name?: string } | undefined) => {
      const endsLine = key?.name === 'return' || key?.name === 'enter';
      if (!endsLine && !this.#hasEnded) this.onTyping?.(prompt.line);
    });
    prompt.once('SIGINT', () => this.#interrupt('SIGINT'));
    // The terminal was closed: it cannot be read, nor leave raw mode (EIO). SIGHUP may come later, or not at all.
    prompt.on('error', () => this.#interrupt('SIGHUP'));
    prompt.once('close', () => {
      // After Ctrl+C or Ctrl+D the next output starts on a line of its own.
      if (!this.#hasEnded) stdout.write('\n');
      this.#hasEnded = true;
    });
    return prompt;
  }
}

function promptLines(prompt: Interface) {
  // Created at once: lines that arrive before the iteration starts would be lost.
  const lines = prompt[Symbol.asyncIterator]();
  return { lines: () => lines, end: () => prompt.close() };
}
