// What a user installs: every package is packed, installed from its tarball into an empty folder, and used there.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { npmCommand } from '../scripts/run-step.mjs';
import { projectRoot, readWorkspaces } from '../scripts/workspaces.mjs';

const run = promisify(execFile);
const workspaces = readWorkspaces(projectRoot).filter(({ manifest }) => !manifest.private);
const names = workspaces.map(({ name }) => name);
const compiler = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');

interface Packed {
  name: string;
  filename: string;
  files: { path: string }[];
}

let folder: string;
let packed: Packed[];
/** Why nothing could be installed, when the registry for what others made is out of reach. */
let unreachable: string | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longwire-packages-'));
  const tarballs = join(folder, 'tarballs');
  mkdirSync(tarballs);
  const selected = workspaces.map(({ name }) => `--workspace=${name}`);
  packed = parsePacked(
    await npm(projectRoot, 'pack', '--json', '--ignore-scripts', `--pack-destination=${tarballs}`, ...selected),
  );
  const dependencies = Object.fromEntries(packed.map(({ name, filename }) => [name, `file:tarballs/${filename}`]));
  writeJson('package.json', { name: 'consumer', private: true, type: 'module', dependencies });
  try {
    await npm(
      folder,
      'install',
      '--prefer-offline',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--fetch-retries=0',
    );
  } catch (error) {
    const text = String((error as { stderr?: unknown }).stderr ?? error);
    const isOffline = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b/.test(
      text,
    );
    if (!isOffline || process.env.CI) throw error;
    unreachable = 'the npm registry cannot be reached';
  }
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(names)('the tarball of %s', (name) => {
  const paths = () => packed.find((one) => one.name === name)?.files.map(({ path }) => path) ?? [];

  test('contains dist with types, LICENSE and README.md', () => {
    const wanted = ['package.json', 'LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts'];
    expect(wanted.filter((path) => !paths().includes(path))).toEqual([]);
  });

  test('contains no src, test, tsconfig or database files', () => {
    expect(paths().filter((path) => /^(src|test)\/|\.test\.|(^|\/)\.|tsconfig|\.tgz$|\.db$/.test(path))).toEqual([]);
  });

  test('contains every file that package.json points to', () => {
    const { manifest } = workspaces.find((one) => one.name === name)!;
    const targets = pathsIn({ exports: withoutSources(manifest), bin: manifest.bin });
    const missing = targets.filter((path) => !path.includes('*') && !paths().includes(path.replace(/^\.\//, '')));
    expect(missing).toEqual([]);
  });
});

describe('packages installed from their tarballs', () => {
  test('are installed once each', async ({ skip }) => {
    if (unreachable) skip(unreachable);
    for (const name of names) expect(existsSync(join(folder, 'node_modules', name, 'dist'))).toBe(true);
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', nestedPackages], { cwd: folder });
    expect(JSON.parse(stdout)).toEqual([]);
  });

  test.for(names)('%s exports the same names to import and to require', async (name, { skip }) => {
    if (unreachable) skip(unreachable);
    const program = `
      const { createRequire } = await import('node:module');
      const imported = Object.keys(await import(${JSON.stringify(name)}));
      const required = Object.keys(createRequire(process.cwd() + '/')(${JSON.stringify(name)}));
      process.stdout.write(JSON.stringify({ imported, required }), () => process.exit());`;
    const { stdout } = await run(process.execPath, ['--no-warnings', '--input-type=module', '--eval', program], {
      cwd: folder,
    });
    const { imported, required } = JSON.parse(stdout);
    expect(imported).not.toEqual([]);
    expect(required.filter((key: string) => key !== '__esModule' && key !== 'module.exports')).toEqual(imported);
  });

  test('have types for a strict program, in ES modules and in CommonJS', async ({ skip }) => {
    if (unreachable) skip(unreachable);
    const aliases = names.map((_, i) => `package${i}`);
    const used = `export const all: object[] = [${aliases.join(', ')}];\n`;
    writeFileSync(
      join(folder, 'esm.mts'),
      names.map((name, i) => `import * as package${i} from '${name}';\n`).join('') + used,
    );
    writeFileSync(
      join(folder, 'cjs.cts'),
      names.map((name, i) => `import package${i} = require('${name}');\n`).join('') + used,
    );
    writeJson('tsconfig.json', {
      compilerOptions: {
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable'],
        module: 'nodenext',
        strict: true,
        noEmit: true,
        types: ['node'],
        typeRoots: [join(projectRoot, 'node_modules', '@types')],
        // Our declarations are what is tested; those of others are checked where they are made.
        skipLibCheck: true,
      },
      files: ['esm.mts', 'cjs.cts'],
    });
    const output = await run(process.execPath, [compiler, '-p', folder], { cwd: folder }).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
    expect(output).toBe('');
  });

  test.for(workspaces.flatMap(({ manifest }) => Object.keys(manifest.bin ?? {})))(
    'the command %s starts',
    async (command, { skip }) => {
      if (unreachable) skip(unreachable);
      const { stdout } = await run(join(folder, 'node_modules', '.bin', command), ['--version'], { cwd: folder });
      expect(stdout.trim()).toMatch(/\d+\.\d+\.\d+/);
    },
  );
});

/** Prints the packages of ours that npm had to install twice, below another package. */
const nestedPackages = `
  import { readFileSync } from 'node:fs';
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const ours = ${JSON.stringify(names)};
  process.stdout.write(JSON.stringify(Object.keys(packages).filter((path) => ours.some((name) => path.endsWith('/node_modules/' + name)))));`;

async function npm(cwd: string, ...args: string[]): Promise<string> {
  const command = npmCommand();
  const { stdout } = await run(command.file, [...command.args, ...args], { cwd, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** npm 12 may key the packages by name where npm 11 lists them. */
function parsePacked(json: string): Packed[] {
  const parsed = JSON.parse(json);
  return Array.isArray(parsed) ? parsed : Object.values(parsed);
}

function writeJson(path: string, content: object): void {
  writeFileSync(join(folder, path), JSON.stringify(content));
}

/** The exports of a manifest, without the condition under which our own tests see the sources. */
function withoutSources(manifest: object): unknown {
  const text = JSON.stringify((manifest as { exports?: unknown }).exports ?? {});
  return JSON.parse(text, (key, value) => (key === 'longwire-source' ? undefined : value));
}

function pathsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(pathsIn) : [];
}
