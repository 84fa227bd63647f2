// Lines that are piped into `chat` and `connect`.

import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { LineInput } from '../src/terminal/line-input.js';

async function linesIn(chunks: readonly (string | Uint8Array)[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of new LineInput(Readable.from(chunks.map((chunk) => Buffer.from(chunk)))).lines()) {
    lines.push(line);
  }
  return lines;
}

describe('LineInput', () => {
  it.each([
    ['U+2028 and U+2029 stay in their line', ['one\u2028two\u2029three\n'], ['one\u2028two\u2029three']],
    ['a lone CR stays in its line', ['a\rb\n'], ['a\rb']],
    ['a CR before LF is not part of the line', ['a\r\nb\r\n'], ['a', 'b']],
    ['a byte order mark and NEL stay', ['\ufeffa\u0085b\n'], ['\ufeffa\u0085b']],
    ['a last line without LF counts', ['a\nb'], ['a', 'b']],
    ['empty lines count', ['\n\na\n'], ['', '', 'a']],
    ['no input has no lines', [], []],
    ['a line may come in pieces', ['o', 'n', 'e\ntw', 'o\n'], ['one', 'two']],
  ])('%s', async (_title, chunks, lines) => expect(await linesIn(chunks)).toEqual(lines));

  it('joins a character that arrives in two chunks', async () => {
    const bytes = Buffer.from('长\n');
    expect(await linesIn([bytes.subarray(0, 1), bytes.subarray(1)])).toEqual(['长']);
  });

  it('throws at a line that is not UTF-8 and names its number, instead of replacing bytes', async () => {
    await expect(linesIn(['good\n', Buffer.from([0x68, 0xff, 0x0a])])).rejects.toThrow('Line 2 on stdin is not UTF-8');
  });

  it('throws at a line of more than 16 MiB', async () => {
    const piece = Buffer.alloc(1024 * 1024, 'x');
    await expect(linesIn(Array.from({ length: 17 }, () => piece))).rejects.toThrow('more than 16777216 bytes');
  });

  it('pauses its stream while 1 000 lines wait', async () => {
    const stdin = new PassThrough();
    const input = new LineInput(stdin);
    stdin.write('x\n'.repeat(1_000));
    await expect.poll(() => stdin.isPaused()).toBe(true);
    stdin.end('last\n');
    const lines: string[] = [];
    for await (const line of input.lines()) lines.push(line);
    expect([lines.length, lines.at(-1)]).toEqual([1_001, 'last']);
  });

  it('end() ends lines() at once, also one that waits', async () => {
    const stdin = new PassThrough();
    const input = new LineInput(stdin);
    const next = input.lines().next();
    input.end();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(stdin.isPaused()).toBe(true);
  });
});
