// Where a command reads and writes: the streams of the process, or those of a test.

import { isUtf8 } from 'node:buffer';
import type { Readable, Writable } from 'node:stream';
import { CliFailure, ExitCode } from '../exit-code.js';

export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** As `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  return { stdin, stdout, stderr, environment: process.env, workingDirectory: process.cwd() };
}

/** A write to stdout that failed. */
export class OutputError extends Error {
  /** Whether the reader of a pipe has gone (`longwire tail | head -1`). */
  readonly isReaderGone: boolean;
  /** Whether the terminal was closed. */
  readonly isTerminalGone: boolean;

  constructor(cause: Error) {
    super(`Cannot write to stdout: ${cause.message}`, { cause });
    this.name = 'OutputError';
    const { code } = cause as NodeJS.ErrnoException;
    this.isReaderGone = code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
    this.isTerminalGone = code === 'EIO';
  }
}

/** Writes to stdout. Resolves when the stream has taken the text; rejects with an OutputError if it cannot. */
export function write(terminal: Terminal, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    terminal.stdout.write(text, (error) => (error ? reject(new OutputError(error)) : resolve()));
  });
}

/** Writes a line to stdout, as `write` does. */
export function writeLine(terminal: Terminal, line: string): Promise<void> {
  return write(terminal, `${line}\n`);
}

/** Writes a line to stderr. A line that cannot be written is dropped: there is no other place to report it. */
export function writeError(terminal: Terminal, line: string): void {
  terminal.stderr.write(`${line}\n`);
}

/** The largest body that a server can be configured to accept. */
const MAX_STDIN_BYTES = 16 * 1024 * 1024;

/**
 * The text on stdin up to its end, without the newline at the end.
 * @throws CliFailure if it is more than 16 MiB, or not UTF-8: replacing the invalid bytes would change the text
 */
export async function readText(terminal: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  let byteLength = 0;
  for await (const chunk of terminal.stdin) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    byteLength += bytes.byteLength;
    if (byteLength > MAX_STDIN_BYTES) {
      throw new CliFailure(ExitCode.failed, `stdin has more than ${MAX_STDIN_BYTES} bytes, which no server accepts`);
    }
    chunks.push(bytes);
  }
  const bytes = Buffer.concat(chunks);
  if (!isUtf8(bytes)) {
    throw new CliFailure(ExitCode.usage, 'stdin is not UTF-8 text. Encode bytes as text, for example with base64');
  }
  return bytes.toString('utf8').replace(/\r?\n$/, '');
}

/** Whether to write to a stream in colour: to a terminal, unless it asks for plain text (no-color.org). */
export function usesColor(terminal: Terminal, stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR, TERM } = terminal.environment;
  return stream.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}

/** Wraps text in the escape codes of a style, or returns it unchanged. */
export type Paint = (style: keyof typeof styles, text: string) => string;

const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export function painter(isColored: boolean): Paint {
  return (style, text) => (isColored ? `\u001b[${styles[style]}m${text}\u001b[0m` : text);
}
