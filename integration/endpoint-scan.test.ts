// Scanning as a user's program does it: the built package in plain Node, without a bundler or a test runner in between.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectRoot } from '../scripts/workspaces.mjs';

const run = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwire-scan-'));
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function outputOf(files: Record<string, string>): Promise<string> {
  for (const [name, source] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), source);
  }
  const { stdout } = await run(process.execPath, ['--no-warnings', 'main.mjs'], { cwd: folder, timeout: 100_000 });
  return stdout;
}

const main = (scanned: string): string => `
  import { EndpointContainer } from '@longwire/endpoint';
  const container = new EndpointContainer();
  await container.scan(${scanned}).catch((error) => console.log(error.code, error.message));
  console.log(container.describe());
`;

it('scan finds exported endpoints in ES modules, CommonJS modules and nested folders', async () => {
  const output = await outputOf({
    'main.mjs': main("new URL('./endpoints/', import.meta.url)"),
    'endpoints/chat.mjs': `
      import { defineEndpoint } from '@longwire/endpoint';
      class Chat { onText(text, session) { return session.path.room + text; } }
      export const chat = defineEndpoint('/chat/{room}', Chat, { subprotocols: ['v1'] });`,
    'endpoints/deeper/echo.cjs': `
      const { defineEndpoint } = require('@longwire/endpoint');
      exports.echo = defineEndpoint('/echo', { onText: (text) => text });`,
    'endpoints/chat.test.mjs': "throw new Error('tests are left out');",
    'endpoints/notes.txt': 'not a module',
  });
  expect(output.split('\n')).toEqual([
    'GET /echo         (one instance for all)',
    'GET /chat/{room}  Chat (per connection, subprotocols: v1)',
    '',
  ]);
});

it('scan rejects with the name of the module that does not load, and adds nothing', async () => {
  const output = await outputOf({
    'main.mjs': main("'./broken'"),
    'broken/a.mjs': `
      import { defineEndpoint } from '@longwire/endpoint';
      export const echo = defineEndpoint('/echo', {});`,
    'broken/b.mjs': "import 'a-package-that-nobody-installed';",
  });
  expect(output).toMatch(
    /^scan_failed .*b\.mjs cannot be loaded: Cannot find package 'a-package-that-nobody-installed'/,
  );
  expect(output).not.toContain('/echo');
});

it.skipIf('typescript' in process.features && Boolean(process.features.typescript))(
  'scan rejects TypeScript modules on a Node that does not run them',
  async () => {
    const output = await outputOf({ 'main.mjs': main("'./typed'"), 'typed/chat.ts': 'export const a: number = 1;' });
    expect(output).toContain('this Node runs no TypeScript; scan the folder of the compiled modules');
  },
);
