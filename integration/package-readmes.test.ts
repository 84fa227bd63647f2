// The packages' pages for npm: each program in them that says what it prints is run, and prints that.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ServerProcess } from '@longwire/test-support/server-process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectRoot } from '../scripts/workspaces.mjs';
import { typeErrorsOf } from './type-errors.js';

const run = promisify(execFile);
const withPrograms = ['websocket', 'endpoint', 'protocol', 'server'];
const program = /<!-- run -->\n```js\n([\s\S]*?)```\n<!-- prints -->\n```text\n([\s\S]*?)```/g;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwire-readmes-'));
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function readme(name: string): string {
  return readFileSync(join(projectRoot, 'packages', name, 'README.md'), 'utf8');
}

async function outputOf(file: string, source: string): Promise<string> {
  await writeFile(join(folder, file), source);
  const { stdout } = await run(process.execPath, [file], { cwd: folder, timeout: 100_000 });
  return stdout;
}

it.each(withPrograms)('the program in the README of %s prints what it shows', async (name) => {
  const [found, ...others] = [...readme(name).matchAll(program)];
  expect(others).toEqual([]);
  expect(await outputOf(`${name}.mjs`, found?.[1] ?? '')).toBe(found?.[2]);
});

it('the TypeScript in the README of endpoint type-checks', async () => {
  const sources = [...readme('endpoint').matchAll(/<!-- type-check -->\n```ts\n([\s\S]*?)```/g)];
  expect(sources[0]?.[1]).toContain('@ServerEndpoint');
  for (const [index, [, source = '']] of sources.entries()) {
    expect(await typeErrorsOf(folder, `endpoint-${index}.mts`, source), source).toBe('');
  }
});

it('the program in the README of client sends to a server and ends', async () => {
  const server = await ServerProcess.start();
  try {
    const source = /```js\n([\s\S]*?)```/.exec(readme('client'))?.[1] ?? '';
    expect(source).toContain("'ws://127.0.0.1:8080'");
    const output = await outputOf('client.mjs', source.replace('127.0.0.1:8080', `127.0.0.1:${server.port}`));
    expect(output).toContain('connected');
  } finally {
    await server.remove();
  }
});
