// docs/fault-catalogue.md names tests that exist, and every row that a test's title names is in it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../scripts/workspaces.mjs';
import { missingTests, tableRows, testsNamedIn } from './documented-tests.js';

const document = readFileSync(join(projectRoot, 'docs/fault-catalogue.md'), 'utf8');
const rows = tableRows(document, 4)
  .filter(({ cells }) => /^\d+$/.test(cells[0] ?? ''))
  .map(({ cells }) => ({ number: Number(cells[0]), tests: testsNamedIn(cells[3] ?? '') }));

/** Titles that end with (row 22) or (rows 8 and 10), one item for each row. */
function titlesWithRows(): { file: string; title: string; number: number }[] {
  const folders = ['attacks', 'chaos', 'e2e', 'integration', 'packages', 'examples'];
  return folders.flatMap(testFilesBelow).flatMap((file) => {
    const source = readFileSync(join(projectRoot, file), 'utf8');
    const titles = [...source.matchAll(/(['"`])((?:(?!\1)[^\n])*\(rows? (\d[\d, and]*)(?:(?!\1)[^\n])*)\1,/g)];
    return titles.flatMap(([, , title = '', numbers = '']) =>
      (numbers.match(/\d+/g) ?? []).map((number) => ({ file, title, number: Number(number) })),
    );
  });
}

function testFilesBelow(folder: string): string[] {
  return readdirSync(join(projectRoot, folder), { withFileTypes: true }).flatMap((item) => {
    const path = `${folder}/${item.name}`;
    if (item.isDirectory()) return ['node_modules', 'dist', 'src'].includes(item.name) ? [] : testFilesBelow(path);
    return item.name.endsWith('.ts') ? [path] : [];
  });
}

describe('docs/fault-catalogue.md', () => {
  it('has each number once, in ascending order, and at least one test in each row', () => {
    const numbers = rows.map(({ number }) => number);
    expect(numbers.length).toBeGreaterThan(30);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(rows.filter(({ tests }) => tests.length === 0)).toEqual([]);
  });

  it('names only tests that exist', () => {
    expect(rows.flatMap(({ tests }) => missingTests(tests, [projectRoot]))).toEqual([]);
  });

  it('names every test whose title has "(row N)", in row N', () => {
    const named = new Set(
      rows.flatMap(({ number, tests }) => tests.map(({ file, title }) => `${number} ${file} ${title}`)),
    );
    const found = titlesWithRows();
    expect(found.length).toBeGreaterThan(60);
    const unnamed = found.filter(({ file, title, number }) => !named.has(`${number} ${file} ${title}`));
    expect(unnamed).toEqual([]);
  });
});
