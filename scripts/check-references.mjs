// References lead somewhere: links of documents, files that comments and documents name, decisions by their number; and the
// tree in ARCHITECTURE.md is that of the sources.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { relativePath, sourceFilesBelow, sourceFolders } from './module-graph.mjs';
import { readWorkspaces } from './workspaces.mjs';

const notOurs = new Set(['node_modules', 'dist', 'coverage', 'test-results', 'fixtures']);
const namedFile = new RegExp(
  `(?<![\\w./-])(?:docs|${sourceFolders.join('|')})/[\\w./-]*\\w\\.(?:md|ts|mjs|json)\\b`,
  'g',
);
/** What notes among the makers are called; they are not in the repository. */
const nowhere = /\bsemantics, [A-Z]|\bof the fault catalogue\b|\bcatalogue of faults\b|\bdesign notes?\b|\/work\//;

/**
 * @param {string} root
 * @returns {string[]} one line per reference that leads nowhere
 */
export function findReferenceFaults(root) {
  const documents = filesBelow(root, ['.md']);
  const sources = sourceFolders.flatMap((folder) => sourceFilesBelow(join(root, folder)));
  const known = filesBelow(root, ['.md', '.ts', '.mjs', '.json']).map((file) => `/${relativePath(root, file)}`);
  const exists = (/** @type {string} */ name) => known.some((path) => path.endsWith(`/${name}`));
  return [
    ...documents.flatMap((file) => [...faultsOfLinks(root, file), ...faultsOfText(root, file, exists)]),
    ...sources.flatMap((file) => faultsOfText(root, file, exists)),
    ...faultsOfMap(root, exists),
  ];
}

/**
 * ARCHITECTURE.md is the map: its tree has every folder of the sources and no other, and the files it names exist.
 * @param {string} root
 * @param {(name: string) => boolean} exists
 */
function faultsOfMap(root, exists) {
  const map = join(root, 'ARCHITECTURE.md');
  if (!existsSync(map)) return [];
  const text = readFileSync(map, 'utf8');
  const drawn = foldersOfTree(text);
  const folders = readWorkspaces(root).flatMap(({ folder }) => foldersBelow(join(folder, 'src')));
  const missing = folders.map((folder) => relativePath(root, folder)).filter((folder) => !drawn.includes(folder));
  const named = [...text.matchAll(/`([\w./-]+\.(?:ts|mjs|json))`/g)].map(([, name = '']) => name);
  // The map writes `server/src/x.ts` and, within a section about one package, `server/x.ts`.
  const unknown = named.filter((name) => !exists(name) && !exists(name.replace('/', '/src/')));
  return [
    ...missing.map((folder) => `ARCHITECTURE.md: the tree lacks ${folder}`),
    ...drawn.filter((path) => !existsSync(join(root, path))).map((path) => `ARCHITECTURE.md: there is no ${path}`),
    ...unknown.map((name) => `ARCHITECTURE.md: names ${name}, which does not exist`),
  ];
}

/**
 * The indented tree as paths from the root of the repository.
 * @param {string} text
 */
function foldersOfTree(text) {
  /** @type {{ indent: number, path: string }[]} */
  const open = [];
  return text.split('\n').flatMap((line) => {
    const [, spaces = '', name = ''] = /^( {4,})([\w./-]+)/.exec(line) ?? [];
    if (name === '') return [];
    while ((open.at(-1)?.indent ?? 0) >= spaces.length) open.pop();
    const path = join(open.at(-1)?.path ?? '', name).replace(/\/$/, '');
    open.push({ indent: spaces.length, path });
    return [path];
  });
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function foldersBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((item) => item.isDirectory())
    .flatMap((item) => [join(folder, item.name), ...foldersBelow(join(folder, item.name))]);
}

/** @param {string} root @param {string} file */
function faultsOfLinks(root, file) {
  const path = relativePath(root, file);
  return withoutCode(readFileSync(file, 'utf8')).flatMap(({ line, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      if (/^[a-z]+:/.test(link)) return [];
      const [target = '', anchor] = link.split('#');
      const linked = target === '' ? file : join(dirname(file), target);
      if (!existsSync(linked)) return [`${path}:${line}: links to ${link}, which does not exist`];
      const hasAnchor = anchor === undefined || anchorsOf(linked).has(anchor);
      return hasAnchor
        ? []
        : [`${path}:${line}: links to ${link}, but ${relativePath(root, linked)} has no such heading`];
    }),
  );
}

/**
 * The lines of a document, or the comments of a source file.
 * @param {string} root
 * @param {string} file
 * @param {(name: string) => boolean} exists whether the end of a path is that of a file
 */
function faultsOfText(root, file, exists) {
  const path = relativePath(root, file);
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((text, index) => {
    if (!path.endsWith('.md') && !isComment(text)) return [];
    const names = [...text.matchAll(namedFile)]
      .map(([name]) => name)
      .filter((name) => !name.includes('…') && !exists(name));
    const numbers = [...text.matchAll(/\bdecisions?[ /](\d{4})\b/g)].map(([, number = '']) => number);
    const vague = nowhere.exec(text)?.[0];
    return [
      ...names.map((name) => `names ${name}, which does not exist`),
      ...numbers.filter((number) => !hasDecision(root, number)).map((number) => `there is no decision ${number}`),
      ...(vague === undefined ? [] : [`"${vague}" is not in the repository: link to a page that exists`]),
    ].map((fault) => `${path}:${index + 1}: ${fault}`);
  });
}

/** @param {string} text */
function isComment(text) {
  return /^\s*(\/\/|\/?\*)|\s\/\/ /.test(text);
}

/** @param {string} root @param {string} number */
function hasDecision(root, number) {
  const folder = join(root, 'docs', 'decisions');
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith(`${number}-`));
}

/**
 * The lines of a document outside fenced blocks, without what stands in backquotes.
 * @param {string} text
 */
function withoutCode(text) {
  let isFenced = false;
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*```/.test(line)) isFenced = !isFenced;
    return isFenced ? [] : [{ line: index + 1, text: line.replace(/`[^`]*`/g, '') }];
  });
}

/**
 * As GitHub makes them: lower case, spaces to hyphens, no punctuation.
 * @param {string} file
 */
function anchorsOf(file) {
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );
}

/**
 * @param {string} folder
 * @param {string[]} endings
 * @returns {string[]}
 */
function filesBelow(folder, endings) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((item) => {
    const path = join(folder, item.name);
    if (item.isDirectory()) return notOurs.has(item.name) || item.name === '.git' ? [] : filesBelow(path, endings);
    return endings.includes(extname(item.name)) ? [path] : [];
  });
}
