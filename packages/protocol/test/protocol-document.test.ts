import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  closeCodes,
  commandTypes,
  decodeCommand,
  decodeServerMessage,
  defaultSessionLimits,
  errorCatalogue,
  features,
  fieldLimits,
  gapReasons,
} from '../src/index.js';

const text = readFileSync(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8');

/** The rows of the one table of PROTOCOL.md whose head is `head`, cells without backticks. */
function rowsOf(head: string): string[][] {
  const [, after, more] = text.split(`${head}\n`);
  expect(after, `one table headed ${head}`).toBeDefined();
  expect(more, `one table headed ${head}`).toBeUndefined();
  const lines = (after ?? '').split('\n').slice(1);
  const rows = lines.slice(0, lines.indexOf(''));
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const firstTwo = (rows: string[][]) => rows.map(([name, value]) => [name, value]);
const written = (record: object) => Object.entries(record).map(([name, value]) => [name, String(value)]);

describe('PROTOCOL.md has exactly the rows of', () => {
  test('errorCatalogue', () => {
    const catalogue = Object.entries(errorCatalogue).map(([code, { retryable, closeCode, meaning }]) => [
      code,
      retryable ? 'yes' : 'no',
      String(closeCode ?? ''),
      meaning.replaceAll('`', ''),
    ]);
    expect(rowsOf('| code | retryable | closes | meaning |')).toEqual(catalogue);
  });

  test('closeCodes', () => {
    const rules = { yes: 'yes', no: 'no', 'after-token': 'after a new token' };
    const table = closeCodes.map(({ code, name, meaning, reconnect }) => [
      String(code),
      name,
      meaning.replaceAll('`', ''),
      rules[reconnect],
    ]);
    expect(rowsOf('| code | name | meaning | reconnect |')).toEqual(table);
  });

  test('defaultSessionLimits and fieldLimits', () => {
    expect(firstTwo(rowsOf('| limit | default | |'))).toEqual(written(defaultSessionLimits));
    expect(firstTwo(rowsOf('| limit | value | |'))).toEqual(written(fieldLimits));
  });

  test('features', () => {
    expect(rowsOf('| feature | what a server with it does |').map(([name]) => name)).toEqual([...features]);
  });

  test('gapReasons', () => {
    expect(rowsOf('| reason | the entries |').map(([reason]) => reason)).toEqual([...gapReasons]);
  });

  test('commandTypes', () => {
    expect(rowsOf('| command | fields | answer |').map(([name]) => name)).toEqual([...commandTypes]);
  });
});

describe('the examples of PROTOCOL.md', () => {
  const blocks = [...text.matchAll(/```longwire\n(.*?)```/gs)].map(([, block]) => (block ?? '').trim().split('\n'));
  const lines = blocks.flat().map((line, index, all) => ({ line, next: all[index + 1] ?? '' }));
  const commands = lines.filter(({ line }) => line.startsWith('→ '));
  const pushes = lines.filter(({ line }) => line.startsWith('← '));

  test('are commands and messages of the server, line by line', () => {
    expect(commands.length).toBeGreaterThan(10);
    expect(commands.length + pushes.length).toBe(lines.length);
  });

  test.each(commands)('$line', ({ line, next }) => {
    const decoded = decodeCommand(line.slice(2));
    if (decoded.ok) return;
    // The refusal that follows is the one that is given, to the word.
    const { id: re, code, message } = decoded;
    const of = re === undefined ? decoded.type : undefined;
    const error = { re, type: 'error', of, code, message, retryable: errorCatalogue[code].retryable };
    expect(next.slice(2)).toBe(JSON.stringify(error));
  });

  test.each(pushes)('$line', ({ line }) => {
    expect(['answer', 'entry', 'unknownEntry', 'push']).toContain(decodeServerMessage(line.slice(2)).kind);
  });

  test('show every command', () => {
    const shown = new Set(
      commands.map(({ line }) => {
        const decoded = decodeCommand(line.slice(2));
        return decoded.ok ? decoded.command.type : undefined;
      }),
    );
    for (const type of commandTypes) expect(shown).toContain(type);
  });
});
