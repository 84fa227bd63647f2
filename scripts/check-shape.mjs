// The shape of files: not too long, named by what they hold, named exports only.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { reportWhenMain } from './check-report.mjs';
import { parseModule, relativePath, sourceFilesBelow } from './module-graph.mjs';

const tooManyLines = 400;

/** Longer all the same, with the reason. Only tables and what a program generated. */
const longFiles = new Map(/** @type {[string, string][]} */ ([]));

const dumpingGrounds = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'lib']);
/** A folder of type tests may be named so; a file of types belongs beside what they describe. */
const dumpingFiles = new Set(['types']);

/** Tools that read their configuration from a default export. */
const mayExportDefault = /(^|\/)[a-z]+\.config\.[mc]?[jt]s$/;

const folders = [
  'packages',
  'scripts',
  'integration',
  'e2e',
  'attacks',
  'chaos',
  'bench',
  'conformance',
  'examples',
  'test-support',
];

/**
 * @param {string} root
 * @param {Map<string, string>} [excepted] path → reason; default: the list above
 * @returns {string[]}
 */
export function findShapeFaults(root, excepted = longFiles) {
  /** @type {string[]} */
  const faults = [];
  for (const file of folders.flatMap((folder) => sourceFilesBelow(join(root, folder)))) {
    const path = relativePath(root, file);
    const lines = lineCount(file);
    if (lines >= tooManyLines && !excepted.has(path)) {
      faults.push(`${path}: ${lines} lines, ${tooManyLines} are too many: which two concepts does it hold?`);
    }
    for (const part of path.split('/')) {
      const [stem = ''] = part.split('.');
      if (dumpingGrounds.has(stem) || (part.includes('.') && dumpingFiles.has(stem)))
        faults.push(`${path}: "${stem}" says nothing: name it by what it holds`);
    }
    if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)+$/.test(basename(path)))
      faults.push(`${path}: file names are kebab-case`);
    if (mayExportDefault.test(path)) continue;
    const { defaultExportLine } = parseModule(file);
    if (defaultExportLine !== undefined) faults.push(`${path}:${defaultExportLine}: default export: name it`);
  }
  for (const [path] of excepted) {
    const file = join(root, path);
    const isNeeded = existsSync(file) && lineCount(file) >= tooManyLines;
    if (!isNeeded) faults.push(`${path}: excepted from the length in scripts/check-shape.mjs without need`);
  }
  return faults;
}

/** @param {string} file */
function lineCount(file) {
  return readFileSync(file, 'utf8').trimEnd().split('\n').length;
}

await reportWhenMain(import.meta.url, 'file length, names, exports', findShapeFaults);
