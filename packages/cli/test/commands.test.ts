// The built command against a real server process, by its exit codes and what it prints.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { CliProcess, type CliResult } from './cli-process.js';

// Every step is a process of its own, which takes its time on a machine with other things to do.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const secret = '0123456789abcdef0123456789abcdef';
let folder: string;
let url: string;
let port: number;
let server: CliProcess;

function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): CliProcess {
  return new CliProcess(
    args,
    { LONGWIRE_URL: url ?? '', LONGWIRE_DEVICE_FOLDER: join(folder, 'devices'), ...environment },
    folder,
  );
}

function run(args: readonly string[], environment?: Readonly<Record<string, string>>, input = ''): Promise<CliResult> {
  const child = start(args, environment);
  child.end(input);
  return child.result;
}

async function startServer(name: string, args: readonly string[]): Promise<CliProcess> {
  const child = start(['serve', '--json', '--data', join(folder, name), ...args]);
  await child.shows(/"event":"listening".*\n/);
  return child;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longwire-cli-'));
  server = await startServer('data', ['--auth', 'dev', '--port', '0']);
  ({ port } = JSON.parse(server.stdout));
  url = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  server.child.kill('SIGKILL');
  await server.result;
  rmSync(folder, { recursive: true, force: true });
});

const linesOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

describe('longwire send and tail', () => {
  it('carry a message to somebody who is away, once, in order, over kill -9 of the server', async () => {
    const own = await startServer('killed', ['--auth', 'dev', '--port', '0']);
    const address = JSON.parse(own.stdout);
    const environment = { LONGWIRE_URL: `http://127.0.0.1:${address.port}` };
    const first = await run(['send', '--as', 'alice', 'user/bob', 'one'], environment);
    const second = await run(['send', '--as', 'alice', 'user/bob', 'two', '--json'], environment);
    expect([first.exit, first.stdout]).toEqual([0, '1\n']);
    expect(JSON.parse(second.stdout)).toMatchObject({ channel: 'user/bob', offset: 2 });
    own.child.kill('SIGKILL');
    await own.result;

    const again = await startServer('killed', ['--auth', 'dev', '--port', String(address.port)]);
    const tail = await run(['tail', '--as', 'bob', '--count', '2'], environment);
    expect(tail.exit).toBe(0);
    expect(linesOf(tail.stdout)).toMatchObject([
      { type: 'message', channel: 'user/alice', offset: 1, from: 'alice', body: { text: 'one' } },
      { type: 'message', channel: 'user/alice', offset: 2, from: 'alice', body: { text: 'two' } },
    ]);
    // What was printed was acknowledged: the next run goes on behind it.
    await run(['send', '--as', 'alice', 'user/bob', 'three'], environment);
    const next = await run(['tail', '--as', 'bob', '--count', '1'], environment);
    expect(linesOf(next.stdout)).toMatchObject([{ offset: 3, body: { text: 'three' } }]);
    again.child.kill('SIGTERM');
    expect((await again.result).exit).toBe(0);
  });

  it('send what is on stdin, and whole bodies', async () => {
    await run(['send', '--as', 'ann', 'user/ben'], {}, 'from stdin\n');
    await run(['send', '--as', 'ann', 'user/ben', '--body', '{"text":"x","n":[1]}']);
    const { stdout } = await run(['tail', '--as', 'ben', '--count', '2']);
    expect(linesOf(stdout).map(({ body }) => body)).toEqual([{ text: 'from stdin' }, { text: 'x', n: [1] }]);
  });

  it('store a message once if it is sent twice with a key', async () => {
    const args = ['send', '--as', 'ann', 'user/kim', 'once', '--key', 'k1', '--json'];
    const [first, second] = [await run(args), await run(args)];
    expect(JSON.parse(second.stdout)).toMatchObject({ offset: JSON.parse(first.stdout).offset, repeated: true });
  });

  it('follow what comes live, and end with 0 on a signal', async () => {
    const tail = start(['tail', '--as', 'lea']);
    await run(['send', '--as', 'ann', 'user/lea', 'live']);
    await tail.shows(/"live"/);
    tail.child.kill('SIGTERM');
    expect(await tail.result).toMatchObject({ exit: 0, stderr: '' });
  });

  it('end with 0 when the reader of the pipe is gone, and lose nothing by it', async () => {
    await run(['chat', '--as', 'ann', '--to', 'pia'], {}, 'p1\np2\np3\n');
    const cut = start(['tail', '--as', 'pia']);
    cut.child.stdout?.destroy();
    expect((await cut.result).exit).toBe(0);
    const { stdout } = await run(['tail', '--as', 'pia', '--count', '3']);
    expect(linesOf(stdout).map(({ body }) => body.text)).toEqual(['p1', 'p2', 'p3']);
  });

  it('exit 1 when nothing answers, and say where', async () => {
    const gone = { LONGWIRE_URL: 'http://127.0.0.1:9' };
    for (const args of [
      ['send', '--as', 'a', 'user/b', 'x'],
      ['tail', '--as', 'a'],
      ['chat', '--as', 'a'],
    ]) {
      const { exit, stderr } = await run(args, gone);
      expect([args[0], exit]).toEqual([args[0], 1]);
      expect(stderr).toContain('http://127.0.0.1:9');
      expect(stderr).toContain('longwire serve');
    }
  });

  it('exit 1 when the token is refused, and say why', async () => {
    const { exit, stderr } = await run(['tail', '--token', 'nonsense']);
    expect(exit).toBe(1);
    expect(stderr).toContain('auth dev');
  });
});

describe('longwire chat', () => {
  it('sends lines to whom /to names, shows what comes, and leaves at /exit', async () => {
    const chat = start(['chat', '--as', 'cara']);
    await chat.shows(/You are cara/);
    chat.write('hello?\n');
    await chat.shows(/whom to talk with/);
    chat.write('/to dan\n/who\nhello dan\n//slash\n');
    const { stdout } = await run(['tail', '--as', 'dan', '--count', '2']);
    expect(linesOf(stdout).map(({ body }) => body.text)).toEqual(['hello dan', '/slash']);
    await run(['send', '--as', 'dan', 'user/cara', 'hello \u001b[31mcara']);
    await chat.shows(/^dan: hello \\u001b\[31mcara$/m);
    chat.write('/exit\n');
    expect(await chat.result).toMatchObject({ exit: 0, stderr: '' });
  });

  it('sends everything that was piped in before it ends', async () => {
    const many = Array.from({ length: 50 }, (_, at) => `line ${at}`);
    expect((await run(['chat', '--as', 'eva', '--to', 'fay'], {}, `${many.join('\n')}\n`)).exit).toBe(0);
    const { stdout } = await run(['tail', '--as', 'fay', '--count', '50']);
    expect(linesOf(stdout).map(({ body }) => body.text)).toEqual(many);
  });
});

describe('longwire connect', () => {
  it('speaks the protocol by hand, and shows frames', async () => {
    const input = '{"id":1,"type":"connect","token":"dev:gus"}\n/ping x\n{"id":2,"type":"ping"}\n';
    const args = [
      'connect',
      `ws://127.0.0.1:${port}/v1/connect`,
      '--subprotocol',
      'longwire.v1.json',
      '--wait-ms',
      '1000',
    ];
    const { exit, stdout } = await run(args, {}, input);
    expect(exit).toBe(0);
    for (const part of [
      'connected (subprotocol longwire.v1.json)',
      '< {"re":1,"type":"connected","user":"gus"',
      '> ping "x"',
      '< pong "x"',
      '"type":"pong"',
      'closed 1000',
    ]) {
      expect(stdout).toContain(part);
    }
    const lines = linesOf((await run([...args, '--json'], {}, input)).stdout);
    expect(lines.map(({ type }) => type)).toEqual(expect.arrayContaining(['open', 'text', 'ping', 'pong', 'close']));
  });

  it('shows text, binary, pings and the close of another server, and exits by its code', async () => {
    const peer = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await new Promise((resolve) => peer.once('listening', resolve));
    peer.on('connection', (socket) => {
      socket.ping('p');
      socket.send(Buffer.from([0, 255]));
      socket.on('message', (data, isBinary) => {
        socket.send(data, { binary: isBinary });
        if (data.toString() === 'end') socket.close(4001, 'enough');
      });
    });
    const { exit, stdout } = await run(
      ['connect', `ws://127.0.0.1:${(peer.address() as AddressInfo).port}`, '--wait-ms', '5000'],
      {},
      '/binary 0aff\nend\n',
    );
    peer.close();
    for (const part of [
      '< ping "p"',
      '< binary 2 bytes: 00 ff',
      '> binary 2 bytes: 0a ff',
      '< binary 2 bytes: 0a ff',
      '< end',
      'closed 4001 enough',
    ]) {
      expect(stdout).toContain(part);
    }
    expect(exit).toBe(1);
  });

  it('exits 1 when it is refused', async () => {
    const plain = createServer((_request, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { exit, stderr } = await run(['connect', `ws://127.0.0.1:${(plain.address() as AddressInfo).port}/`]);
    plain.close();
    expect(exit).toBe(1);
    expect(stderr).toContain('404');
  });
});

describe('longwire token and config', () => {
  it('make a token that verifies, and that a server with the secret takes', async () => {
    const environment = { LONGWIRE_JWT_SECRET: secret, LONGWIRE_AUDIENCE: 'longwire' };
    const token = (
      await run(['token', 'create', 'zoe', '--name', 'Zoe', '--expires-in', '5m'], environment)
    ).stdout.trim();
    const verified = await run(['token', 'verify', '--json'], environment, `${token}\n`);
    expect(verified.exit).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, user: 'zoe', name: 'Zoe' });
    const other = await run(['token', 'verify', token], { LONGWIRE_JWT_SECRET: secret.replace('0', '1') });
    expect([other.exit, other.stdout]).toEqual([1, expect.stringContaining('signature')]);

    const jwt = await startServer('jwt', [
      '--auth',
      'jwt',
      '--jwt-secret',
      secret,
      '--audience',
      'longwire',
      '--port',
      '0',
    ]);
    const at = { LONGWIRE_URL: `http://127.0.0.1:${JSON.parse(jwt.stdout).port}` };
    expect((await run(['send', '--token', token, 'user/yan', 'hi'], at)).stdout).toBe('1\n');
    expect((await run(['send', '--as', 'zoe', 'user/yan', 'hi'], at)).exit).toBe(1);
    jwt.child.kill('SIGTERM');
    const { exit, stdout, stderr } = await jwt.result;
    expect(exit).toBe(0);
    expect(stdout + stderr).not.toContain(secret);
    expect(stdout + stderr).not.toContain(token);
  });

  it('print the configuration with its sources and without secrets', async () => {
    writeFileSync(join(folder, 'longwire.yaml'), 'port: 9001\nlimits:\n  inFlight: 5\n');
    const args = ['config', 'print', '--config', 'longwire.yaml', '--auth', 'jwt', '--jwt-secret', secret];
    const { exit, stdout } = await run([...args, '--json'], { LONGWIRE_HOST: '0.0.0.0' });
    expect(exit).toBe(0);
    expect(stdout).not.toContain(secret);
    expect(JSON.parse(stdout)).toMatchObject({
      port: { value: 9001, source: 'file' },
      host: { value: '0.0.0.0', source: 'environment', from: 'LONGWIRE_HOST' },
      auth: { value: 'jwt', source: 'flag' },
      jwtSecret: { value: '[redacted]' },
      'limits.inFlight': { value: 5, source: 'file' },
      logLevel: { value: 'info', source: 'default' },
    });
    expect((await run(args)).stdout).toMatch(/^port +9001 +from .*longwire\.yaml$/m);
  });
});

describe('longwire serve', () => {
  it('prints where it listens, serves, and names --port when the port is taken', async () => {
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const { exit, stderr, stdout } = await run([
      'serve',
      '--auth',
      'dev',
      '--port',
      String(port),
      '--data',
      join(folder, 'other'),
    ]);
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`Port ${port} .*--port`));
    // Nothing was made for a server that never was.
    expect(existsSync(join(folder, 'other'))).toBe(false);
  });

  it('says in one sentence why a folder cannot be the data folder', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, 'x');
    mkdirSync(join(folder, 'damaged'));
    writeFileSync(join(folder, 'damaged', 'longwire.db'), 'no database at all, but long enough to be looked at');
    for (const [data, named] of [
      [file, file],
      [join(file, 'below'), join(file, 'below')],
      // A parent that is there and says of everything in it that it is not.
      ['/proc/nope', '/proc/nope'],
      ['/proc/nope/below', '/proc/nope/below'],
      [join(folder, 'damaged'), join(folder, 'damaged', 'longwire.db')],
    ] as const) {
      const { exit, stderr } = await run(['serve', '--auth', 'dev', '--port', '0', '--data', data]);
      expect([data, exit]).toEqual([data, 1]);
      expect(stderr).toMatch(/^error: .*--data\n$/);
      expect(stderr).toContain(named);
    }
  });

  it('makes the folders above the data folder, for its owner alone', async () => {
    const own = await startServer('new/deep/data', ['--auth', 'dev', '--port', '0']);
    own.child.kill('SIGTERM');
    expect((await own.result).exit).toBe(0);
    for (const made of ['new', 'new/deep', 'new/deep/data']) {
      expect(statSync(join(folder, made)).mode & 0o777).toBe(0o700);
    }
  });

  it('ends within 5 s of a signal while it still starts', async () => {
    const data = join(folder, 'foreign');
    mkdirSync(data);
    // The lock of a server on another host, touched just now: the start waits whether it is touched again.
    writeFileSync(
      join(data, 'lock'),
      JSON.stringify({ host: 'elsewhere', boot: 'other', pid: 1, token: 'x'.repeat(32) }),
    );
    const own = start(['serve', '--auth', 'dev', '--port', '0', '--data', data]);
    await expect.poll(() => readdirSync(data), { timeout: 15_000 }).toContainEqual(expect.stringMatching(/\.new$/));
    const begun = performance.now();
    own.child.kill('SIGTERM');
    const { exit, stdout } = await own.result;
    expect([exit, stdout]).toEqual([1, '']);
    expect(performance.now() - begun).toBeLessThan(5_500);
  });

  it('refuses a folder that another server holds', async () => {
    const { exit, stderr } = await run(['serve', '--auth', 'dev', '--port', '0', '--data', join(folder, 'data')]);
    expect(exit).toBe(1);
    expect(stderr).toContain(join(folder, 'data'));
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends with 0 within 5 s of %s, saying goodbye to whoever is there',
    async (signal) => {
      const own = await startServer(signal, ['--auth', 'dev', '--port', '0']);
      const gateway = JSON.parse(own.stdout).gateway;
      const peer = start(['connect', gateway]);
      peer.write('{"id":1,"type":"connect","token":"dev:hal"}\n');
      await peer.shows(/"connected"/);
      const begun = performance.now();
      own.child.kill(signal);
      expect((await own.result).exit).toBe(0);
      expect(performance.now() - begun).toBeLessThan(5_000);
      await peer.shows(/"goodbye".*4001/);
      expect(await peer.result).toMatchObject({ exit: 1, stdout: expect.stringContaining('closed 4001') });
    },
  );

  it('ends at once at a second signal', async () => {
    const own = await startServer('second', ['--auth', 'dev', '--port', '0']);
    // A peer that never answers the close keeps the first one waiting.
    const { port: ownPort } = JSON.parse(own.stdout);
    const { connect } = await import('node:net');
    const silent = connect(ownPort, '127.0.0.1');
    silent.on('error', () => undefined);
    silent.write(
      `GET /v1/connect HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
    );
    await new Promise((resolve) => silent.once('data', resolve));
    own.child.kill('SIGTERM');
    await expect.poll(() => own.stderr).toContain('Stopping');
    own.child.kill('SIGTERM');
    // 128 + 15: cut short by the second signal; a stop that was waited for ends with 0.
    expect((await own.result).exit).toBe(143);
    silent.destroy();
  });

  it('prints a banner for people without colour when nobody looks', async () => {
    const own = start(['serve', '--auth', 'dev', '--port', '0', '--data', join(folder, 'banner')], {
      LONGWIRE_LOG_LEVEL: 'silent',
    });
    await own.shows(/Ctrl\+C/);
    own.child.kill('SIGTERM');
    const { stdout, stderr } = await own.result;
    expect(stdout).toMatch(/Page +http:\/\/127\.0\.0\.1:\d+\//);
    expect(stdout).toMatch(/Storage +sqlite/);
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toBe('');
  });
});
