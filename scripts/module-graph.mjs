// Which module imports which: every form of import counts, types too. Parsed, not searched with patterns.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, relative, sep } from 'node:path';
import { parseSync } from 'vite';

/**
 * @typedef {{ specifier: string, line: number }} Import
 * @typedef {{ program: unknown, imports: Import[], lineOf: (position: number) => number }} ParsedModule
 */

/** Where sources are: below these folders of the repository. */
export const sourceFolders = [
  ...['packages', 'examples', 'test-support', 'scripts'],
  ...['integration', 'e2e', 'attacks', 'chaos', 'bench', 'conformance'],
];

const notSources = new Set(['node_modules', 'dist', 'coverage', 'fixtures']);
const endings = ['.ts', '.tsx', '.mts', '.cts', '.mjs', '.js'];

/**
 * @param {string} folder
 * @returns {string[]} absolute paths of the source files below it, outputs and dot folders aside
 */
export function sourceFilesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((item) => {
      const path = join(folder, item.name);
      if (item.isDirectory())
        return notSources.has(item.name) || item.name.startsWith('.') ? [] : sourceFilesBelow(path);
      return item.isFile() && endings.includes(extname(item.name)) ? [path] : [];
    });
}

/**
 * @param {string} file
 * @returns {ParsedModule}
 * @throws {Error} naming the file, if it cannot be parsed
 */
export function parseModule(file) {
  const text = readFileSync(file, 'utf8');
  const lang = file.endsWith('x') ? 'tsx' : file.endsWith('ts') ? 'ts' : 'js';
  const { program, errors } = parseSync(file, text, { lang, sourceType: 'module' });
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
  const lineOf = (/** @type {number} */ position) => text.slice(0, position).split('\n').length;
  /** @type {Import[]} */
  const imports = [];
  visit(program, (node) => {
    if (!importingNodes.has(node.type)) return;
    const specifier = (node.source ?? node.expression)?.value;
    if (typeof specifier === 'string') imports.push({ specifier, line: lineOf(node.start) });
  });
  return { program, imports, lineOf };
}

const importingNodes = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
  'TSExternalModuleReference',
]);

/**
 * Calls `see` for every node of a parsed program, with the nodes around it, the nearest last.
 * @param {any} node
 * @param {(node: any, ancestors: any[]) => void} see
 * @param {any[]} ancestors
 */
export function visit(node, see, ancestors = []) {
  if (Array.isArray(node)) {
    for (const item of node) visit(item, see, ancestors);
    return;
  }
  if (node === null || typeof node !== 'object') return;
  const isNode = typeof node.type === 'string';
  if (isNode) {
    see(node, ancestors);
    ancestors.push(node);
  }
  for (const child of Object.values(node)) {
    if (child !== null && typeof child === 'object') visit(child, see, ancestors);
  }
  if (isNode) ancestors.pop();
}

/**
 * The file a relative import means: `./x.js` is `./x.ts` in the sources.
 * @param {string} fromFile
 * @param {string} specifier starting with "."
 * @returns {string | undefined}
 */
export function resolveRelative(fromFile, specifier) {
  const target = join(dirname(fromFile), specifier);
  const stem = target.replace(/\.[mc]?js$/, '');
  return [`${stem}.ts`, `${stem}.tsx`, `${stem}.mts`, target].find((path) => existsSync(path) && extname(path) !== '');
}

/**
 * @param {string} root
 * @param {string} file
 * @returns {string} with "/" on every system
 */
export function relativePath(root, file) {
  return relative(root, file).split(sep).join('/');
}
