// docs/conformance.md keeps its word: every test that it names exists, and no requirement of ours is without one.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingTests, type NamedTest, tableRows, testsNamedIn } from '../../../../integration/documented-tests.js';

const here = import.meta.dirname;
const testFolder = resolve(here, '..');
const document = readFileSync(resolve(here, '../../../../docs/conformance.md'), 'utf8');

interface Row {
  readonly line: string;
  readonly role: string;
  readonly proofs: readonly NamedTest[];
}

/** The rows of the tables of requirements: those with five columns whose second is a word of RFC 2119, or "rule". */
function readRows(): Row[] {
  return tableRows(document, 5)
    .filter(({ cells }) => /^(MUST|SHOULD)( NOT)?$|^rule$/.test(cells[1]!))
    .map(({ line, cells }) => ({ line, role: cells[3]!, proofs: testsNamedIn(cells[4]!) }));
}

describe('docs/conformance.md', () => {
  const rows = readRows();

  it('has rows for every section of RFC 6455 §4-8 and RFC 7692 §5-7 that demands something', () => {
    expect(rows.length).toBeGreaterThan(150);
    const sections = new Set(rows.map(({ line }) => line.split('|')[1]!.trim().split(/[ ,]/)[0]));
    for (const section of [
      ...['4.1', '4.2.1', '4.2.2', '4.3', '4.4', '5.1', '5.2', '5.3', '5.4', '5.5', '5.5.1', '5.5.2', '5.5.3', '5.6'],
      ...['5.8', '6.1', '6.2', '7.1.1', '7.1.2', '7.1.4', '7.1.6', '7.1.7', '7.2.1', '7.2.2', '7.2.3', '7.3', '7.4.1'],
      ...['7.4.2', '8.1', '5', '6', '7', '7.1.1.1', '7.1.1.2', '7.1.2.1', '7.1.2.2', '7.2.1', '7.2.2'],
    ]) {
      expect(sections, section).toContain(section);
    }
  });

  it('names a role for each row, or says why it is not ours', () => {
    for (const { line, role } of rows) expect(role, line).toMatch(/^(server|client|both|not ours: .{10,})$/);
  });

  it('names a test for each row that is ours', () => {
    for (const { line, role, proofs } of rows) {
      if (!role.startsWith('not ours')) expect(proofs.length, line).toBeGreaterThan(0);
    }
  });

  it('names only tests that exist', () => {
    for (const { line, proofs } of rows) expect(missingTests(proofs, [testFolder]), `named in: ${line}`).toEqual([]);
  });

  it('names every test of this folder', () => {
    const named = new Set(rows.flatMap(({ proofs }) => proofs.map(({ file, title }) => `${file} › ${title}`)));
    for (const name of readdirSync(here)) {
      if (!name.endsWith('.test.ts') || name === 'table.test.ts') continue;
      const source = readFileSync(resolve(here, name), 'utf8');
      for (const [, title] of source.matchAll(/^\s*it\('(.*?)', /gm)) {
        expect(named, 'a test that no row names').toContain(`conformance/${name} › ${title}`);
      }
    }
  });
});
