// The guide: every program in it compiles, runs, and prints what the page says. In Chinese it shows the same programs.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../scripts/workspaces.mjs';
import { type GuidePage, readGuidePage, withoutChance } from './guide-programs.js';

const run = promisify(execFile);
const guide = join(projectRoot, 'docs', 'guide');
const names = ['websocket-from-the-wire-up', 'from-tomcat-and-spring', 'from-ws-and-socket-io', 'endpoints'];
const pages = new Map(names.map((name) => [name, pageOf(join(guide, `${name}.md`))]));

let folder: string;

/** Writes the programs down, and compiles them with the sources of the packages: decorators need a compiler. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwire-guide-'));
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const written: string[] = [];
  for (const [name, { files, programs }] of pages) {
    const sources = new Map([...files, ...programs.map(({ line, source }) => [`line-${line}.ts`, source] as const)]);
    for (const [file, source] of sources) {
      await mkdir(join(folder, name, file, '..'), { recursive: true });
      await writeFile(join(folder, name, file), source);
      written.push(join(folder, name, file));
    }
  }
  await build({
    entryPoints: written,
    outdir: join(folder, 'compiled'),
    outbase: folder,
    bundle: true,
    // One copy of the packages for a program and the modules that it scans.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    conditions: ['longwire-source'],
    external: ['ws'],
  });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function pageOf(path: string): GuidePage {
  return readGuidePage(readFileSync(path, 'utf8'));
}

describe.each([...pages])('%s', (name, { programs }) => {
  const running = programs.filter(({ isRun }) => isRun);

  it.each(running)('the program of line $line prints what the page says', async ({ line, prints = '' }) => {
    const file = join(folder, 'compiled', name, `line-${line}.js`);
    const { stdout, stderr } = await run(process.execPath, [file], { cwd: folder, timeout: 100_000 });
    expect(withoutRefusedPages(stderr)).toBe('');
    expect(withoutChance(stdout)).toBe(withoutChance(prints));
  });
});

/** Some programs show that a page of another origin is refused, of which the container warns. */
function withoutRefusedPages(stderr: string): string {
  return stderr
    .replace(/^\(node:\d+\) LongwireWarning: endpoint \S+ refused a page of .* with 403: .*\n/gm, '')
    .replace(/^\(Use `node --trace-warnings .*\n/gm, '');
}

it('every program of the guide compiles without errors', async () => {
  const options = [
    '--noEmit --strict --skipLibCheck --module nodenext --target es2022 --types node',
    '--lib es2023,esnext.decorators,esnext.disposable --customConditions longwire-source',
  ];
  const compiler = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');
  const files = [...pages].flatMap(([name, { programs, files: others }]) =>
    [...others.keys(), ...programs.map(({ line }) => `line-${line}.ts`)].map((file) => join(name, file)),
  );
  const args = [compiler, ...options.join(' ').split(' '), ...files];
  const said = await run(process.execPath, args, { cwd: folder }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
  expect(said).toBe('');
});

describe('the Chinese guide', () => {
  const translated = names.filter((name) => existsSync(join(guide, 'zh', `${name}.md`)));

  it('has the first two pages', () => {
    expect(translated).toEqual(names.slice(0, 2));
  });

  it.each(translated)('%s shows the same programs with the same output', (name) => {
    expect(pageOf(join(guide, 'zh', `${name}.md`)).blocks).toEqual(pages.get(name)?.blocks);
  });
});
