// What the documents say of the tree: files and folders that they name are there, and every room is on the map.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot, readWorkspaces } from '../scripts/workspaces.mjs';

const packages = join(projectRoot, 'packages');
const architecture = readFileSync(join(projectRoot, 'ARCHITECTURE.md'), 'utf8');
const documents = [
  ...filesBelow(projectRoot, { isDeep: false }),
  ...filesBelow(join(projectRoot, 'docs'), { isDeep: true }),
  ...readWorkspaces(projectRoot).map(({ folder }) => join(folder, 'README.md')),
].filter((path) => path.endsWith('.md'));

describe('links', () => {
  it.each(documents.map((path) => relative(projectRoot, path)))('in %s lead to files that exist', (document) => {
    const text = readFileSync(join(projectRoot, document), 'utf8');
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
    const local = targets.filter((target) => !/^[a-z]+:/.test(target) && !target.startsWith('#'));
    const folder = dirname(join(projectRoot, document));
    expect(local.filter((target) => !existsSync(join(folder, target.split('#')[0] ?? '')))).toEqual([]);
  });
});

describe('ARCHITECTURE.md', () => {
  const tree = architecture.split('\n').filter((line) => line.startsWith('    '));
  const paths = pathsOf(tree);

  it('has every folder of the sources in its tree, and no other', () => {
    const rooms = readWorkspaces(projectRoot).flatMap(({ folder }) => foldersBelow(join(folder, 'src')));
    const missing = rooms.map((room) => relative(projectRoot, room)).filter((room) => !paths.includes(room));
    expect(missing).toEqual([]);
    expect(paths.filter((path) => !existsSync(join(projectRoot, path)))).toEqual([]);
  });

  it('names files that exist', () => {
    const named = [...architecture.matchAll(/`([\w./-]+\.(?:ts|mjs|json))`/g)].map((match) => match[1] ?? '');
    const known = [...sourceFiles(packages), ...sourceFiles(join(projectRoot, 'scripts'))];
    const places = known.concat(filesBelow(join(projectRoot, 'integration'), { isDeep: true }));
    const unknown = named.filter(
      (name) => !places.some((path) => path.endsWith(`/${name}`) || path.endsWith(`/${name.replace('/', '/src/')}`)),
    );
    expect([...new Set(unknown)]).toEqual([]);
  });
});

/** The indented tree as paths from the root of the project. */
function pathsOf(lines: readonly string[]): string[] {
  const open: { indent: number; path: string }[] = [];
  return lines.flatMap((line) => {
    const [, spaces = '', name = ''] = /^( +)([\w./-]+)/.exec(line) ?? [];
    while (open.length > 0 && (open.at(-1)?.indent ?? 0) >= spaces.length) open.pop();
    const path = join(open.at(-1)?.path ?? '', name).replace(/\/$/, '');
    open.push({ indent: spaces.length, path });
    return [path];
  });
}

function foldersBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((item) => item.isDirectory())
    .flatMap((item) => [join(folder, item.name), ...foldersBelow(join(folder, item.name))]);
}

function filesBelow(folder: string, { isDeep }: { isDeep: boolean }): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((item) => {
    const path = join(folder, item.name);
    if (item.isFile()) return [path];
    return isDeep && item.name !== 'node_modules' && item.name !== 'dist' ? filesBelow(path, { isDeep }) : [];
  });
}

function sourceFiles(folder: string): string[] {
  return filesBelow(folder, { isDeep: true }).filter((path) => /\.(ts|mjs|json)$/.test(path));
}
