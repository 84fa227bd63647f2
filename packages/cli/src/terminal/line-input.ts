// Lines of a pipe or a file. Node's readline is not used for them: it also ends a line at a lone CR, from Node 24 on at
// U+2028 and U+2029, and it replaces invalid bytes.

import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { CliFailure, ExitCode } from '../exit-code.js';

/** More than any server accepts as one message. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** Lines that wait before the stream is paused. */
const MAX_WAITING_LINES = 1_000;

const LF = 0x0a;
const CR = 0x0d;

export class LineInput {
  readonly #stdin: Readable;
  readonly #waiting: Buffer[] = [];
  /** The pieces of the line that has not ended yet. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #hasEnded = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(stdin: Readable) {
    this.#stdin = stdin;
    stdin.on('data', this.#onData);
    stdin.once('end', this.#onEnd);
    stdin.on('error', this.#onError);
  }

  /**
   * The lines until the end of the stream or `end`. A line ends at LF; a CR before it is not part of the line.
   * @throws CliFailure  a line is not UTF-8, or longer than 16 MiB
   */
  async *lines(): AsyncGenerator<string> {
    for (let number = 1; ; number += 1) {
      const line = await this.#next();
      if (line === undefined) break;
      if (!isUtf8(line)) throw new CliFailure(ExitCode.usage, `Line ${number} on stdin is not UTF-8 text`);
      yield line.toString('utf8');
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends `lines` at once. Idempotent. */
  end(): void {
    this.#stop();
    this.#waiting.length = 0;
    this.#wake();
  }

  async #next(): Promise<Buffer | undefined> {
    while (this.#waiting.length === 0 && !this.#hasEnded) {
      this.#stdin.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#waiting.shift();
  }

  readonly #onData = (chunk: Buffer | string) => {
    const bytes = Buffer.from(chunk as Buffer);
    let start = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      this.#add(bytes.subarray(start, end));
      this.#endLine();
      start = end + 1;
    }
    this.#add(bytes.subarray(start));
    if (this.#waiting.length >= MAX_WAITING_LINES) this.#stdin.pause();
    this.#wake();
  };

  readonly #onEnd = () => {
    if (this.#pieceBytes > 0) this.#endLine();
    this.#stop();
    this.#wake();
  };

  readonly #onError = (error: Error) => {
    this.#failure = error;
    this.#stop();
    this.#wake();
  };

  #add(piece: Buffer): void {
    if (piece.length === 0 || this.#hasEnded) return;
    this.#pieces.push(piece);
    this.#pieceBytes += piece.length;
    if (this.#pieceBytes > MAX_LINE_BYTES) {
      this.#onError(new CliFailure(ExitCode.failed, `stdin has a line of more than ${MAX_LINE_BYTES} bytes`));
    }
  }

  #endLine(): void {
    if (this.#hasEnded) return;
    const line = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    this.#waiting.push(line.at(-1) === CR ? line.subarray(0, -1) : line);
    this.#pieces = [];
    this.#pieceBytes = 0;
  }

  #stop(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stdin.off('data', this.#onData).off('end', this.#onEnd);
    // Without this a pipe that stays open would keep the process running.
    this.#stdin.pause();
  }
}
