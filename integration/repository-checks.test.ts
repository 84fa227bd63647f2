import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ProgramProcess } from '@longwire/test-support/program-process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findLockFaults, findNoticeFaults } from '../scripts/check-packages.mjs';
import { projectRoot } from '../scripts/workspaces.mjs';
import { manifestOf, type PlantedRepository, plantRepository } from './planted-repository.js';

let repository: PlantedRepository;

beforeEach(() => {
  repository = plantRepository({ server: '@longwire/server' });
});

afterEach(() => repository.remove());

describe('biome.json', () => {
  const lines = (count: number) => Array.from({ length: count }, (_, n) => `export const a${n} = ${n};\n`).join('');

  /** What Biome reports about the planted files, as `file rule`. */
  async function biomeFaults(): Promise<string[]> {
    const biome = join(projectRoot, 'node_modules/@biomejs/biome/bin/biome');
    repository.plant({ 'biome.json': readFileSync(join(projectRoot, 'biome.json'), 'utf8') });
    const args = ['lint', '--vcs-enabled=false', '--reporter=github'];
    const { stdout } = await new ProgramProcess([process.execPath, biome, ...args], {
      cwd: repository.root,
    }).result;
    const faults = [...stdout.matchAll(/title=(\S+?),file=(\S+?),/g)].map(([, rule, file = '']) => [
      basename(file),
      rule,
    ]);
    return faults.map((fault) => fault.join(' ')).sort();
  }

  test('reports a file of 400 lines, names that are not kebab-case, default exports and circles of types', async () => {
    const source = 'packages/server/src';
    repository.plant({
      [`${source}/long.ts`]: lines(400),
      [`${source}/short.ts`]: lines(399),
      [`${source}/frameDecoder.ts`]: lines(1),
      [`${source}/frame_decoder.ts`]: lines(1),
      [`${source}/default.ts`]: 'const a = 1;\nexport { a as default };\n',
      [`${source}/a.ts`]: "import type { B } from './b.js';\nexport type A = B | 1;\n",
      [`${source}/b.ts`]: "import type { A } from './a.js';\nexport type B = A | 2;\n",
      'packages/server/vite.config.ts': 'export default 1;\n',
    });
    expect(await biomeFaults()).toEqual([
      'a.ts lint/suspicious/noImportCycles',
      'b.ts lint/suspicious/noImportCycles',
      'default.ts lint/style/noDefaultExport',
      'frameDecoder.ts lint/style/useFilenamingConvention',
      'frame_decoder.ts lint/style/useFilenamingConvention',
      'long.ts lint/style/noExcessiveLinesPerFile',
    ]);
  });
});

describe('lock file', () => {
  const integrity = 'sha512-AAAA';
  const rootEntry = { name: 'planted', version: '0.1.0' };

  function plantLock(packages: Record<string, object>) {
    repository.plant({ 'package-lock.json': { lockfileVersion: 3, packages: { '': rootEntry, ...packages } } });
  }

  test('accepts a complete package-lock.json, with nested and hoisted packages', () => {
    repository.plant({
      'packages/server/package.json': { ...manifestOf('@longwire/server'), dependencies: { a: '1.0.0' } },
    });
    plantLock({
      'packages/server': { version: '0.1.0', dependencies: { a: '1.0.0' } },
      'node_modules/@longwire/server': { resolved: 'packages/server', link: true },
      'node_modules/a': { version: '1.0.0', integrity, optionalDependencies: { 'a-linux': '1.0.0', b: '2.0.0' } },
      'node_modules/a-linux': { version: '1.0.0', integrity, optional: true },
      'node_modules/a/node_modules/b': { version: '2.0.0', integrity, optional: true },
    });
    expect(findLockFaults(repository.root)).toEqual([]);
  });

  test('reports an optional dependency that has no entry', () => {
    plantLock({ 'node_modules/a': { version: '1.0.0', integrity, optionalDependencies: { 'a-darwin': '1.0.0' } } });
    expect(findLockFaults(repository.root)).toEqual([
      'package-lock.json: node_modules/a names a-darwin 1.0.0, which has no entry',
    ]);
  });

  test('reports resolved addresses, missing integrity and install scripts', () => {
    plantLock({
      'node_modules/a': { version: '1.0.0', integrity, resolved: 'https://registry.example/a-1.0.0.tgz' },
      'node_modules/b': { version: '1.0.0' },
      'node_modules/c': { version: '1.0.0', integrity, hasInstallScript: true },
    });
    expect(findLockFaults(repository.root)).toEqual([
      'package-lock.json: node_modules/a names an address to download from: omit-lockfile-registry-resolved=true',
      'package-lock.json: node_modules/b has no integrity',
      'package-lock.json: node_modules/c has an install script: does it work without? (scripts/check-packages.mjs)',
    ]);
  });

  test.each(['^1.0.0', '~1.0.0', '1', '1.x', 'latest', '*', '>=1.0.0'])('reports the range %s', (range) => {
    repository.plant({
      'packages/server/package.json': { ...manifestOf('@longwire/server'), devDependencies: { a: range } },
    });
    plantLock({ 'packages/server': { version: '0.1.0', devDependencies: { a: range } } });
    expect(findLockFaults(repository.root)).toEqual([
      `packages/server/package.json: a is "${range}", pin an exact version`,
    ]);
  });

  test('reports a dependency that the lock file does not know', () => {
    repository.plant({
      'packages/server/package.json': { ...manifestOf('@longwire/server'), dependencies: { a: '1.0.1' } },
    });
    plantLock({ 'packages/server': { version: '0.1.0', dependencies: { a: '1.0.0' } } });
    expect(findLockFaults(repository.root)).toEqual([
      'package-lock.json: does not know a 1.0.1 of packages/server/package.json: npm install',
    ]);
  });

  test('reports workspaces with another version, or that depend on another version of a workspace', () => {
    repository.plant({
      'packages/server/package.json': { ...manifestOf('@longwire/server'), version: '0.2.0' },
      'packages/client/package.json': {
        ...manifestOf('@longwire/client'),
        dependencies: { '@longwire/server': '0.0.9' },
      },
    });
    plantLock({ 'packages/client': { version: '0.1.0', dependencies: { '@longwire/server': '0.0.9' } } });
    expect(findLockFaults(repository.root)).toEqual([
      'packages/client/package.json: @longwire/server must be 0.1.0, the version of all packages, not 0.0.9',
      'packages/server/package.json: version 0.2.0, all packages have 0.1.0',
    ]);
  });
});

test('reports a package whose LICENSE is missing, changed or not declared; a private one needs no copy', () => {
  const licence = readFileSync(join(projectRoot, 'LICENSE'), 'utf8');
  for (const name of ['NOTICE', 'README.md', 'CONTRIBUTING.md', 'SECURITY.md']) repository.plant({ [name]: name });
  repository.plant({
    LICENSE: licence,
    'packages/server/LICENSE': `${licence}\nexcept on Sundays`,
    'packages/server/package.json': { ...manifestOf('@longwire/server'), license: 'MIT' },
    'packages/unpublished/package.json': { ...manifestOf('unpublished'), private: true },
    'packages/unpublished/README.md': 'unpublished',
  });
  expect(findNoticeFaults(repository.root)).toEqual([
    'CHANGELOG.md is missing',
    'packages/server/package.json: "license" must be "Apache-2.0"',
    'packages/server/LICENSE must be a copy of LICENSE',
    "packages/server/README.md is missing: it is the package's page on npm",
  ]);
});

test('tsconfig.base.json refuses what Node 20.19 does not have', async () => {
  repository.plant({
    'tsconfig.json': {
      extends: join(projectRoot, 'tsconfig.base.json'),
      compilerOptions: { noEmit: true, composite: false, types: [] },
      files: ['a.ts'],
    },
    'a.ts': 'export const a = Promise.withResolvers<number>();\nexport const b = Map.groupBy([1], (x) => x);\n',
  });
  const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc');
  const { stdout: output } = await new ProgramProcess([process.execPath, compiler, '-p', repository.root]).result;
  expect(output).toContain("'withResolvers' does not exist");
  expect(output).toContain("'groupBy' does not exist");
});

test.each(['start', 'test', 'build', 'check', 'run-example'])(
  'scripts/%s.mjs exits 1 with one line on a Node older than 20.19',
  async (name) => {
    const asNode18 = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.0" } })';
    const script = join(projectRoot, 'scripts', `${name}.mjs`);
    const command = [process.execPath, '--import', `data:text/javascript,${asNode18}`, script];
    expect(await new ProgramProcess(command).result).toMatchObject({
      exit: 1,
      stderr: 'Longwire needs Node 20.19 or newer, this is 18.20.0: install Node 24 LTS and try again.\n',
    });
  },
);
