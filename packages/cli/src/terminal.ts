// Where a command reads and writes: the process's own streams, or those of a test.

import { isUtf8 } from 'node:buffer';
import type { Readable, Writable } from 'node:stream';
import { CliFailure, ExitCode } from './exit-code.js';

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

/** Writes a line to stdout. Resolves when the stream has taken it; rejects if its reader is gone. */
export function writeLine(terminal: Terminal, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    terminal.stdout.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

/** The largest body that a server can be set to take; what is larger than that is not read to its end. */
const MAX_STDIN_BYTES = 16 * 1024 * 1024;

/**
 * The text on stdin until its end, without the newline at the end.
 * @throws CliFailure if it is more than 16 MiB, or not UTF-8: what stood in place of the wrong bytes would not be what came
 */
export async function readText(terminal: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  let byteLength = 0;
  for await (const chunk of terminal.stdin) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    byteLength += bytes.byteLength;
    if (byteLength > MAX_STDIN_BYTES) {
      throw new CliFailure(
        ExitCode.failed,
        `More than ${MAX_STDIN_BYTES} bytes came on stdin: too much, nothing was done`,
      );
    }
    chunks.push(bytes);
  }
  const bytes = Buffer.concat(chunks);
  if (!isUtf8(bytes)) {
    throw new CliFailure(
      ExitCode.usage,
      'What came on stdin is not text in UTF-8. Bytes must be written as text, e.g. by base64',
    );
  }
  return bytes.toString('utf8').replace(/\r?\n$/, '');
}

export function writeError(terminal: Terminal, line: string): void {
  terminal.stderr.write(`${line}\n`);
}

/** Whether a stream may be written to in colour: a terminal that did not ask for plain text (no-color.org). */
export function usesColor(terminal: Terminal, stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR, TERM } = terminal.environment;
  return stream.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}

/** Wraps text in the escape codes of a style, or leaves it alone. */
export type Paint = (style: keyof typeof styles, text: string) => string;

const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export function painter(isColored: boolean): Paint {
  return (style, text) => (isColored ? `\u001b[${styles[style]}m${text}\u001b[0m` : text);
}

/**
 * Text from elsewhere, made fit for a terminal: whoever writes a message must not be able to move the reader's cursor,
 * change the title of the window, or write over other lines.
 */
export function printable(text: string): string {
  // All control characters except tab and newline; and the marks that turn the direction of what follows.
  return text.replace(/(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
