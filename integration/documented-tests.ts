// Documents that say which test proves what: the tests that a table names, and those of them that do not exist.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A test as documents write it: `` `file` › title ``, or with the suite in between: `` `file` › suite › title ``. */
export interface NamedTest {
  readonly file: string;
  readonly title: string;
}

export interface TableRow {
  readonly line: string;
  readonly cells: readonly string[];
}

/** The rows of all tables with this number of columns, headers included. */
export function tableRows(document: string, columns: number): TableRow[] {
  return document
    .split('\n')
    .map((line) => ({ line, cells: line.split('|').map((cell) => cell.trim()) }))
    .filter(({ line, cells }) => line.startsWith('|') && cells.length === columns + 2)
    .map(({ line, cells }) => ({ line, cells: cells.slice(1, -1) }));
}

/** The tests that a cell names, one a line. */
export function testsNamedIn(cell: string): NamedTest[] {
  return [...cell.matchAll(/`([^`]+)` › (.*?)(?=<br>|$)/g)].map(([, file, title]) => ({
    file: file!,
    title: title!,
  }));
}

/** The tests that do not exist, as documents write them. Their files are looked for in each of the folders. */
export function missingTests(tests: readonly NamedTest[], folders: readonly string[]): string[] {
  return tests
    .filter(({ file, title }) => {
      const path = folders.map((folder) => resolve(folder, file)).find(existsSync);
      return path === undefined || !hasTitles(readFileSync(path, 'utf8'), title.split(' › '));
    })
    .map(({ file, title }) => `\`${file}\` › ${title}`);
}

/** Titles as they stand in the source, quoted in any way. */
function hasTitles(source: string, titles: readonly string[]): boolean {
  return titles.every((title) => ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`)));
}
