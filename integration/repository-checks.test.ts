import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findLockFaults } from '../scripts/check-lock.mjs';
import { findNoticeFaults } from '../scripts/check-notices.mjs';
import { findShapeFaults } from '../scripts/check-shape.mjs';
import { projectRoot } from '../scripts/project-root.mjs';
import { runTool } from '../scripts/run-tool.mjs';
import { countResults } from '../scripts/test-results.mjs';
import { manifestOf, type PlantedRepository, plantRepository } from './planted-repository.js';

let repository: PlantedRepository;

beforeEach(() => {
  repository = plantRepository({ server: '@longwire/server' });
});

afterEach(() => repository.remove());

describe('shape of files', () => {
  const lines = (count: number) => `${'export {};\n'.repeat(count)}`;

  test('lets 399 lines pass and reports 400', () => {
    repository.plant({ 'packages/server/src/short.ts': lines(399), 'packages/server/test/long.test.ts': lines(400) });
    expect(findShapeFaults(repository.root)).toEqual([
      'packages/server/test/long.test.ts: 400 lines, 400 are too many: which two concepts does it hold?',
    ]);
  });

  test('lets a long table pass that is excepted by name, and reports an exception that is not needed', () => {
    repository.plant({ 'packages/server/src/table.ts': lines(900), 'packages/server/src/small.ts': lines(9) });
    const excepted = new Map([
      ['packages/server/src/table.ts', 'a table'],
      ['packages/server/src/small.ts', 'was a table'],
    ]);
    expect(findShapeFaults(repository.root, excepted)).toEqual([
      'packages/server/src/small.ts: excepted from the length in scripts/check-shape.mjs without need',
    ]);
  });

  test.each(['utils.ts', 'helpers/frame.ts', 'common.ts', 'misc.test.ts', 'types.ts', 'lib/frame.ts'])(
    'reports the name %s',
    (name) => {
      repository.plant({ [`packages/server/src/${name}`]: 'export {};' });
      expect(findShapeFaults(repository.root)).toEqual([
        expect.stringMatching(/says nothing: name it by what it holds$/),
      ]);
    },
  );

  test.each(['frameDecoder.ts', 'FrameDecoder.ts', 'frame_decoder.ts'])(
    'reports %s, which is not kebab-case',
    (name) => {
      repository.plant({ [`packages/server/src/${name}`]: 'export {};' });
      expect(findShapeFaults(repository.root)).toEqual([`packages/server/src/${name}: file names are kebab-case`]);
    },
  );

  test.each(['export default 1;', 'const a = 1; export { a as default };', "export { default } from 'x';"])(
    'reports %s',
    (text) => {
      repository.plant({ 'packages/server/src/a.ts': `\n${text}`, 'packages/server/a.config.ts': 'export default 1;' });
      expect(findShapeFaults(repository.root)).toEqual(['packages/server/src/a.ts:2: default export: name it']);
    },
  );
});

describe('lock file', () => {
  const integrity = 'sha512-AAAA';
  const rootEntry = { name: 'planted', version: '0.1.0' };

  function plantLock(packages: Record<string, object>) {
    repository.plant({ 'package-lock.json': { lockfileVersion: 3, packages: { '': rootEntry, ...packages } } });
  }

  test('accepts one that is whole, with nested and hoisted packages', () => {
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

  test('reports a native family of which a member is missing', () => {
    plantLock({ 'node_modules/a': { version: '1.0.0', integrity, optionalDependencies: { 'a-darwin': '1.0.0' } } });
    expect(findLockFaults(repository.root)).toEqual([
      'package-lock.json: node_modules/a names a-darwin 1.0.0, which has no entry',
    ]);
  });

  test('reports download addresses, missing hashes and install scripts', () => {
    plantLock({
      'node_modules/a': { version: '1.0.0', integrity, resolved: 'https://registry.example/a-1.0.0.tgz' },
      'node_modules/b': { version: '1.0.0' },
      'node_modules/c': { version: '1.0.0', integrity, hasInstallScript: true },
    });
    expect(findLockFaults(repository.root)).toEqual([
      'package-lock.json: node_modules/a names an address to download from: omit-lockfile-registry-resolved=true',
      'package-lock.json: node_modules/b has no integrity',
      'package-lock.json: node_modules/c has an install script: does it work without? (scripts/check-lock.mjs)',
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

  test('reports packages of ours with another version, or that want another version of ours', () => {
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

test('reports a package whose licence is missing, changed or not declared; a private one needs no copy', () => {
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

test('the compiler refuses what Node 20.19 does not have', async () => {
  repository.plant({
    'tsconfig.json': {
      extends: join(projectRoot, 'tsconfig.base.json'),
      compilerOptions: { noEmit: true, composite: false, types: [] },
      files: ['a.ts'],
    },
    'a.ts': 'export const a = Promise.withResolvers<number>();\nexport const b = Map.groupBy([1], (x) => x);\n',
  });
  const [output = ''] = await runTool(projectRoot, 'typescript/bin/tsc', ['-p', repository.root]);
  expect(output).toContain("'withResolvers' does not exist");
  expect(output).toContain("'groupBy' does not exist");
});

test('counts what vitest reports, and a file that could not be loaded as a failure', () => {
  const assertion = (status: string) => ({ status });
  expect(
    countResults({
      testResults: [
        { status: 'passed', assertionResults: ['passed', 'passed', 'pending', 'todo', 'skipped'].map(assertion) },
        { status: 'failed', assertionResults: ['passed', 'failed'].map(assertion) },
        { status: 'failed', assertionResults: [] },
      ],
    }),
  ).toEqual({ passed: 3, failed: 2, skipped: 3 });
  expect(countResults(undefined)).toEqual({ passed: 0, failed: 0, skipped: 0 });
});
