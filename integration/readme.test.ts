// The READMEs, in both languages: every program and every command in them is run, every setting is in their table.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { flagOf, type Setting, settingKeys, settings, variableOf } from '@longwire/server';
import { freePort } from '@longwire/test-support/ports';
import { ProgramProcess } from '@longwire/test-support/program-process';
import { ServerProcess } from '@longwire/test-support/server-process';
import { until } from '@longwire/test-support/until';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../scripts/workspaces.mjs';
import { Shell } from './shell.js';
import { typeErrorsOf } from './type-errors.js';

const run = promisify(execFile);
const english = readFileSync(join(projectRoot, 'README.md'), 'utf8');
const chinese = readFileSync(join(projectRoot, 'README.zh.md'), 'utf8');
const names = ['client', 'main job', 'endpoint', 'plain endpoint'];

/** A place like a checkout that was built: what is written here finds the packages and the command. */
let folder: string;

beforeAll(async () => {
  const command = join(projectRoot, 'node_modules', '.bin', 'longwire');
  expect(existsSync(command), `${command}: npm run build makes it`).toBe(true);
  folder = await mkdtemp(join(tmpdir(), 'longwire-readme-'));
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The code below `<!-- run: name -->`. */
function blockOf(text: string, name: string): string {
  const [, block, second] = text.split(`<!-- run: ${name} -->\n`);
  expect(block, `one block "${name}"`).toBeDefined();
  expect(second, `one block "${name}"`).toBeUndefined();
  const match = /^```\w+\n([\s\S]*?)\n```/.exec(block ?? '');
  expect(match, `a fenced block "${name}"`).not.toBeNull();
  return match?.[1] ?? '';
}

describe('README.md and README.zh.md', () => {
  it.each(names)('have the same code block: %s', (name) => {
    expect(blockOf(chinese, name)).toBe(blockOf(english, name));
  });

  it('have no code block that is not run here, except the two commands', () => {
    for (const text of [english, chinese]) {
      const fences = text.match(/^```\w+$/gm) ?? [];
      expect(fences.filter((fence) => fence !== '```sh')).toHaveLength(names.length);
      const shell = [...text.matchAll(/^```sh\n([\s\S]*?)\n```/gm)].map((match) => match[1]?.replace(/ *#.*$/gm, ''));
      expect(shell).toEqual(['npm start\nnpm test']);
    }
  });

  it('list every setting with its flag, its variable and its default', () => {
    const expected = settingKeys.map((key) => {
      const setting: Setting = settings[key];
      const isUnset = setting.default === undefined || Array.isArray(setting.default);
      return [flagOf(key), variableOf(key), isUnset ? '' : String(setting.default), setting.help];
    });
    expect(settingRows(english)).toEqual(expected);
    expect(settingRows(chinese).map((row) => row.slice(0, 3))).toEqual(expected.map((row) => row.slice(0, 3)));
    expect(settingRows(chinese).filter((row) => row[3] === '')).toEqual([]);
  });
});

describe('the programs of the README', () => {
  it('client sends to a server and receives', async () => {
    const server = await ServerProcess.start();
    const program = await startProgram('client.mjs', blockOf(english, 'client'), { LONGWIRE_URL: server.url });
    try {
      await program.shows(/alice's message is on disk, at offset 1/);
      await program.shows(/bob got 1 from alice: are you there\?/);
    } finally {
      await program.kill();
      await server.remove();
    }
  });

  it('endpoint with decorators type-checks, compiles with the given esbuild command, and serves a chat', async () => {
    const source = blockOf(english, 'endpoint');
    expect(await typeErrorsOf(folder, 'chat.mts', source)).toBe('');
    await writeFile(join(folder, 'chat.ts'), source);
    const command = /npx (esbuild chat\.ts [^`]*--outfile=chat\.mjs)/.exec(english)?.[1] ?? '';
    const [tool = '', ...args] = command.split(' ');
    await run(join(folder, 'node_modules', '.bin', tool), args, { cwd: folder });
    const program = await startProgram('chat.mjs', undefined, { PORT: '0' });
    try {
      const port = await printedPort(program);
      const kitchen = `ws://127.0.0.1:${port}/chat/kitchen`;
      const alice = await WebSocketClient.connect(kitchen);
      const bob = await WebSocketClient.connect(kitchen);
      const attic = await WebSocketClient.connect(`ws://127.0.0.1:${port}/chat/attic`);
      await expect.poll(() => alice.messages).toEqual(['someone joined']);
      bob.socket.send('hello');
      await expect.poll(() => bob.messages).toEqual(['you: hello']);
      await expect.poll(() => alice.messages).toEqual(['someone joined', 'hello']);
      bob.socket.close();
      await expect.poll(() => alice.messages.at(-1)).toBe('someone left');
      expect(attic.messages).toEqual([]);
    } finally {
      await program.kill();
    }
  });

  it('plain endpoint runs as it stands', async () => {
    const program = await startProgram('echo.mjs', blockOf(english, 'plain endpoint'), { PORT: '0' });
    try {
      const port = await printedPort(program);
      const alice = await WebSocketClient.connect(`ws://127.0.0.1:${port}/echo/alice`);
      alice.socket.send('hello');
      await expect.poll(() => alice.messages).toEqual(['alice: hello']);
    } finally {
      await program.kill();
    }
  });
});

describe('the transcript of the README', () => {
  it('prints in a shell what it shows', async () => {
    const port = await freePort();
    const shell = new Shell(folder, {
      LONGWIRE_PORT: String(port),
      LONGWIRE_URL: `http://127.0.0.1:${port}`,
      LONGWIRE_DATA: join(folder, 'data'),
      LONGWIRE_DEVICE_FOLDER: join(folder, 'devices'),
    });
    try {
      for (const { command, output } of transcriptOf(blockOf(english, 'main job'))) {
        const printed = await shell.run(command);
        if (command.endsWith('&')) await until(() => isReady(port), 'a server that is ready', 50_000);
        expect(printed, command).toMatch(output);
      }
    } finally {
      await shell.end();
    }
  });
});

function settingRows(text: string): string[][] {
  const rows = text.split('\n').filter((line) => line.startsWith('| `--'));
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

/** Commands with what they must print; `…` in it stands for anything. */
function transcriptOf(block: string): { command: string; output: RegExp }[] {
  return block.split(/^\$ /m).flatMap((part) => {
    const [command = '', ...lines] = part.trim().split('\n');
    if (command === '') return [];
    const pattern = lines.map((line) => line.split('…').map(escaped).join('[^,]+')).join('\n');
    return [{ command, output: new RegExp(`^${pattern}$`) }];
  });
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

async function startProgram(
  name: string,
  source: string | undefined,
  environment: Record<string, string>,
): Promise<ProgramProcess> {
  if (source !== undefined) await writeFile(join(folder, name), source);
  return new ProgramProcess([process.execPath, name], { cwd: folder, environment: { ...process.env, ...environment } });
}

/** The port in what `console.log(server.address())` prints. */
async function printedPort(program: ProgramProcess): Promise<number> {
  return Number((await program.shows(/port: (\d+)/))[1]);
}

function isReady(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}
