// docs/jakarta-assertions.md keeps its word: it has every assertion of the specification, and every test that it names
// exists.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../scripts/workspaces.mjs';
import { missingTests, tableRows, testsNamedIn } from './documented-tests.js';

const document = readFileSync(join(projectRoot, 'docs/jakarta-assertions.md'), 'utf8');
const testFolders = [join(projectRoot, 'packages/endpoint/test'), projectRoot];

/** Jakarta WebSocket 2.2: the numbers that are marked in each section, as the specification writes them. */
const numbered = `
  3-1 3.1-1 3.1.1-1 3.1.1-2 3.1.1-3 3.1.1-4 3.1.2-1 3.1.3-1 3.1.4-1 3.1.5-1 3.1.7-1 3.1.7-2 3.2.1-1 3.2.2-1
  4.1-1 4.1.1-2 4.1.1-3 4.1.1-4 4.1.2-1 4.1.3-1 4.1.3-2 4.1.4-1 4.1.5-1 4.2.1-1 4.2.2-1 4.2.2-2 4.2.4-1
  4.3-1 4.3-2 4.3-3 4.3-4 4.3-5 4.3-6 4.4-1 4.4-2 4.4-3 4.5-1 4.5-2 4.5-3 4.5-4 4.6-1 4.6-2 4.6-3
  4.7-1 4.7-2 4.7-3 4.7-4 4.7.1-1
  5.1-1 5.1-2 5.1-3 5.1-4 5.2.1-1 5.2.1-2 5.2.1-3 5.2.1-4 5.2.1-5 5.2.2-1 5.2.2-2 5.2.2-3 5.2.2-4 5.2.3-1
  6.2-1 6.2-2 6.2-3 6.2-4 6.2-5 6.4-1 6.5-1 6.5-2
  7.1.1-1 7.2-1 7.2-2 7.2-3
  8.1-1 8.2-1 8.2-2 8.3-1 8.3-2`
  .trim()
  .split(/\s+/)
  .map((number) => `WSC-${number}`);

const otherwiseMarked = [
  ...['2.1.1-1', '2.1.2-1', '2.1.2-2', '2.1.2-3', '2.1.2-4', '2.1.3-1', '2.1.3-2', '2.1.5-1', '2.1.7-1'],
  ...['2.2.2-1', '2.2.3-1', '2.2.4-1', '2.2.5-1', '2.2.5-2'],
]
  .map((number) => `WSC ${number}`)
  .concat('WSC-4.8.1', 'WSC-4.8.2', 'WSC-5.1.5');

const rows = tableRows(document, 4)
  .filter(({ cells }) => cells[0]!.startsWith('WSC'))
  .map(({ line, cells }) => {
    const [id, asked, verdict, proof] = cells as [string, string, string, string];
    const text = proof.split('<br>').filter((part) => testsNamedIn(part).length === 0);
    return { line, id, asked, verdict, words: text.join(' '), tests: testsNamedIn(proof) };
  });

describe('docs/jakarta-assertions.md', () => {
  it('has each of the 79 numbered assertions once, and each of the 17 that are marked otherwise', () => {
    const ids = rows.map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    expect(ids.filter((id) => /^WSC-\d+(\.\d+)*-\d+$/.test(id))).toHaveLength(79);
    expect(ids.toSorted()).toEqual([...numbered, ...otherwiseMarked].sort());
  });

  it('has for each what it requires, and whether it is kept, adapted or not applicable', () => {
    for (const { line, asked, verdict } of rows) {
      expect(asked.length, line).toBeGreaterThan(10);
      expect(verdict, line).toMatch(/^(kept|adapted|n\.a\.)$/);
    }
  });

  it('names a test for each that is kept or adapted, and a reason for each that is not kept', () => {
    for (const { line, verdict, words, tests } of rows) {
      expect(tests.length > 0, line).toBe(verdict !== 'n.a.');
      if (verdict !== 'kept') expect(words.length, line).toBeGreaterThan(20);
    }
  });

  it('has at most 20 that are not applicable', () => {
    expect(rows.filter(({ verdict }) => verdict === 'n.a.').length).toBeLessThanOrEqual(20);
  });

  it('names only tests that exist', () => {
    expect(rows.flatMap(({ tests }) => missingTests(tests, testFolders))).toEqual([]);
  });
});
