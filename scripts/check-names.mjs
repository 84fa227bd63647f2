// Names: a file's name says what it holds, a name means one thing, and close codes are written by their names.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseModule, relativePath, sourceFilesBelow, sourceFolders, visit } from './module-graph.mjs';
import { readWorkspaces } from './workspaces.mjs';

const vagueNames = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'lib']);
/** A folder of type tests may be named so; a file of types belongs beside what they describe. */
const vagueFiles = new Set(['types']);

/**
 * @param {string} root
 * @returns {string[]} one line per fault
 */
export function findNameFaults(root) {
  return [...findVagueNames(root), ...findDuplicateNames(root)];
}

/** @param {string} root */
function findVagueNames(root) {
  return sourceFolders
    .flatMap((folder) => sourceFilesBelow(join(root, folder)))
    .map((file) => relativePath(root, file))
    .flatMap((path) =>
      path.split('/').flatMap((part) => {
        const [stem = ''] = part.split('.');
        const isVague = vagueNames.has(stem) || (part.includes('.') && vagueFiles.has(stem));
        return isVague ? [`${path}: "${stem}" says nothing: name it by what it holds`] : [];
      }),
    );
}

/**
 * What two packages export under one name, and two classes of one name. What an index exports from another package is the
 * same thing.
 * @param {string} root
 */
function findDuplicateNames(root) {
  /** @type {Map<string, string[]>} */
  const places = new Map();
  const note = (/** @type {string} */ name, /** @type {string} */ place) => {
    places.set(name, [...(places.get(name) ?? []), place]);
  };
  for (const file of packageSources(root)) {
    const path = relativePath(root, file);
    const { program, lineOf } = parseModule(file);
    const isIndex = /^packages\/[^/]+\/src\/index\.ts$/.test(path);
    visit(program, (node) => {
      if (node.type === 'ClassDeclaration' && node.id !== null)
        note(`class ${node.id.name}`, `${path}:${lineOf(node.start)}`);
      if (!isIndex || node.type !== 'ExportNamedDeclaration' || node.source?.value.startsWith('@longwire/')) return;
      for (const { exported } of node.specifiers) note(`export ${exported.name}`, `${path}:${lineOf(node.start)}`);
    });
  }
  return [...places]
    .filter(([, found]) => found.length > 1)
    .map(([name, [first, ...others]]) => `${others.join(', ')}: another ${name} is in ${first}`);
}

/** The tables of close codes, and the rules of RFC 6455 §7.4 about their ranges. */
const closeCodeTables = ['packages/protocol/src/catalogue/close-codes.ts', 'packages/websocket/src/close-codes.ts'];
const closeCodeRanges = ['packages/websocket/src/message/close-payload.ts'];

/**
 * Close codes that are written as numbers. 1000 is a common number: it counts where the name beside it says "close" or "code".
 * @param {string} root
 * @returns {string[]} one line per fault
 */
export function findCloseCodeFaults(root) {
  const codes = new Set(closeCodeTables.flatMap((path) => numbersIn(join(root, path))).filter(isCloseCode));
  return packageSources(root).flatMap((file) => {
    const path = relativePath(root, file);
    if (closeCodeTables.includes(path) || closeCodeRanges.includes(path)) return [];
    const { program, lineOf } = parseModule(file);
    /** @type {string[]} */
    const faults = [];
    visit(program, (node, ancestors) => {
      if (node.type !== 'Literal' || !codes.has(node.value)) return;
      if (node.value === 1000 && !/close|code/i.test(nameBeside(ancestors))) return;
      faults.push(`${path}:${lineOf(node.start)}: ${node.value} is a close code: write its name`);
    });
    return faults;
  });
}

/** @param {number} value */
function isCloseCode(value) {
  return (value >= 1000 && value <= 1015) || (value >= 4000 && value <= 4999);
}

/** @param {string} file */
function numbersIn(file) {
  if (!existsSync(file)) return [];
  /** @type {number[]} */
  const numbers = [];
  visit(parseModule(file).program, (node) => {
    if (node.type === 'Literal' && typeof node.value === 'number') numbers.push(node.value);
  });
  return numbers;
}

/**
 * What a value is compared with, passed to or called.
 * @param {any[]} ancestors the nearest last
 * @returns {string} empty if nothing near has a name
 */
function nameBeside(ancestors) {
  for (const node of ancestors.slice(-4).reverse()) {
    const named = [node.left, node.callee, node.discriminant, node.key, node.id]
      .map(nameOf)
      .filter((name) => name !== '');
    if (named.length > 0) return named.join(' ');
  }
  return '';
}

/** @param {any} node */
function nameOf(node) {
  return node?.name ?? node?.property?.name ?? '';
}

/**
 * @param {string} root
 * @returns {string[]} files below packages/…/src
 */
function packageSources(root) {
  const inPackages = readWorkspaces(root).filter(({ folder }) => relativePath(root, folder).startsWith('packages/'));
  return inPackages.flatMap(({ folder }) => sourceFilesBelow(join(folder, 'src')));
}
