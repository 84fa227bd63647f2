// The READMEs, in both languages: every program and every command in them is run, every setting is in their table.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { flagOf, type Setting, settingKeys, settings, variableOf } from '@longwire/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { freePort, ServerProcess } from '../e2e/server-process.js';
import { projectRoot } from '../scripts/project-root.mjs';
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

describe('both languages', () => {
  it.each(names)('show the same code: %s', (name) => {
    expect(blockOf(chinese, name)).toBe(blockOf(english, name));
  });

  it('show no code that is not run here, the two commands aside', () => {
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

describe('the programs', () => {
  it('the client sends and receives at a real server', async () => {
    const server = await ServerProcess.start();
    const program = await startProgram('client.mjs', blockOf(english, 'client'), { LONGWIRE_URL: server.url });
    try {
      await program.said("alice's message is on disk, at offset 1");
      await program.said('bob got 1 from alice: are you there?');
    } finally {
      await program.end();
      await server.remove();
    }
  });

  it('the endpoint with decorators type-checks, is compiled as the README says, and serves a chat', async () => {
    const source = blockOf(english, 'endpoint');
    expect(await typeErrorsOf(folder, 'chat.mts', source)).toBe('');
    await writeFile(join(folder, 'chat.ts'), source);
    const command = /npx (esbuild chat\.ts [^`]*--outfile=chat\.mjs)/.exec(english)?.[1] ?? '';
    const [tool = '', ...args] = command.split(' ');
    await run(join(folder, 'node_modules', '.bin', tool), args, { cwd: folder });
    const program = await startProgram('chat.mjs', undefined, { PORT: '0' });
    try {
      const { port } = await program.saidPort();
      const kitchen = `ws://127.0.0.1:${port}/chat/kitchen`;
      const alice = await open(kitchen);
      const bob = await open(kitchen);
      const attic = await open(`ws://127.0.0.1:${port}/chat/attic`);
      await expect.poll(() => alice.texts).toEqual(['somebody came in']);
      bob.socket.send('hello');
      await expect.poll(() => bob.texts).toEqual(['you: hello']);
      await expect.poll(() => alice.texts).toEqual(['somebody came in', 'hello']);
      bob.socket.close();
      await expect.poll(() => alice.texts.at(-1)).toBe('somebody left');
      expect(attic.texts).toEqual([]);
    } finally {
      await program.end();
    }
  });

  it('the endpoint without decorators runs as it stands', async () => {
    const program = await startProgram('echo.mjs', blockOf(english, 'plain endpoint'), { PORT: '0' });
    try {
      const { port } = await program.saidPort();
      const alice = await open(`ws://127.0.0.1:${port}/echo/alice`);
      alice.socket.send('hello');
      await expect.poll(() => alice.texts).toEqual(['alice: hello']);
    } finally {
      await program.end();
    }
  });
});

describe('the main job, by hand', () => {
  it('does in a shell what the transcript shows', async () => {
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
        if (command.endsWith('&')) await ready(`http://127.0.0.1:${port}/readyz`);
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

interface Program {
  said(text: string): Promise<void>;
  /** The port in what `console.log(server.address())` prints. */
  saidPort(): Promise<{ port: number }>;
  end(): Promise<void>;
}

async function startProgram(
  name: string,
  source: string | undefined,
  environment: Record<string, string>,
): Promise<Program> {
  if (source !== undefined) await writeFile(join(folder, name), source);
  const child: ChildProcess = spawn(process.execPath, [name], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  const exited = once(child, 'exit');
  const said = (text: string | RegExp) => expect.poll(() => output, { timeout: 40_000 }).toMatch(text);
  return {
    said,
    saidPort: async () => {
      await said(/port: \d+/);
      return { port: Number(/port: (\d+)/.exec(output)?.[1]) };
    },
    end: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function open(url: string): Promise<{ socket: WebSocket; texts: string[] }> {
  const socket = new WebSocket(url);
  const texts: string[] = [];
  socket.on('message', (data) => texts.push(String(data)));
  await once(socket, 'open');
  return { socket, texts };
}

function ready(url: string): Promise<void> {
  const isReady = () =>
    fetch(url).then(
      (response) => response.ok,
      () => false,
    );
  return expect.poll(isReady, { timeout: 40_000 }).toBe(true);
}
