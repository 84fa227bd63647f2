// The built command against a real server process, by its exit codes and what it prints.

import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { stretched } from '@longwire/test-support/stretched';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { CliHome, linesOf } from './cli-home.js';

// Every step is a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const secret = '0123456789abcdef0123456789abcdef';
let home: CliHome;
let folder: string;
let url: string;
let port: number;

const start = (...call: Parameters<CliHome['start']>) => home.start(...call);
const run = (...call: Parameters<CliHome['run']>) => home.run(...call);
const startServer = (...call: Parameters<CliHome['startServer']>) => home.startServer(...call);

beforeAll(async () => {
  home = await CliHome.open();
  ({ folder, url, port } = home);
});

afterAll(() => home.close());

describe('longwire notify and longwire announce', () => {
  it('notify and announce of an admin reach users as messages with `by`; those of others are forbidden', async () => {
    // Announcements are due from the first sign-in on.
    await run(['presence', '--as', 'ned', 'ned']);
    const content = [
      '--text',
      '9 €',
      '--link',
      'https://example.org/7',
      '--data',
      '{"order":7}',
      '--slot',
      'order-7',
      '--ttl',
      '1h',
    ];
    const notified = await run(['notify', '--as', 'crm', 'ned', 'Paid', ...content, '--key', 'k', '--json']);
    expect(JSON.parse(notified.stdout)).toMatchObject({ channel: 'inbox/ned', offset: 1, repeated: false });
    expect(await run(['announce', '--as', 'crm', 'Tonight'])).toMatchObject({ exit: 0, stdout: '1\n', stderr: '' });
    const { stdout } = await run(['tail', '--as', 'ned', '--count', '2']);
    const body = { title: 'Paid', text: '9 €', link: 'https://example.org/7', data: { order: 7 } };
    const lines = linesOf(stdout).sort((a, b) => b.channel.localeCompare(a.channel));
    expect(lines).toMatchObject([
      { channel: 'inbox', by: 'crm', slot: 'order-7', expiresAt: expect.any(Number), body },
      { channel: 'all', by: 'crm', body: { title: 'Tonight' } },
    ]);
    const refused = await run(['announce', '--as', 'ned', 'Hello']);
    expect([refused.exit, refused.stderr]).toEqual([1, expect.stringContaining('Not sent (forbidden)')]);
    const chat = start(['chat', '--as', 'ned']);
    await chat.shows(/crm in inbox: Paid: 9 € https:\/\/example\.org\/7/);
    await chat.shows(/crm in all: Tonight/);
    chat.end();
    expect((await chat.result).exit).toBe(0);
  });
});

describe('longwire connect', () => {
  it('connect sends typed lines, and prints text, ping and pong frames', async () => {
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

  it('connect prints text, binary and ping frames of another server, and exits 1 after close 4001', async () => {
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

  it('connect exits 1 when the handshake gets 404', async () => {
    const plain = createServer((_request, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { exit, stderr } = await run(['connect', `ws://127.0.0.1:${(plain.address() as AddressInfo).port}/`]);
    plain.close();
    expect(exit).toBe(1);
    expect(stderr).toContain('404');
  });

  it('connect closes with 1000 and ends by SIGINT', async () => {
    const command = start(['connect', `ws://127.0.0.1:${port}/v1/connect`]);
    await command.shows(/connected/);
    command.child.kill('SIGINT');
    expect(await command.result).toMatchObject({ exit: 'SIGINT', stdout: expect.stringContaining('closed 1000') });
  });
});

describe('longwire token and config', () => {
  it('--jwt-secret on the command line prints a warning, the file and the variable do not', async () => {
    writeFileSync(join(folder, 'secret.txt'), secret);
    const warning = 'warning: --jwt-secret on the command line can be read by every user of this machine';
    const create = (...args: string[]) => run(['token', 'create', 'zoe', ...args]);
    expect((await create('--jwt-secret', secret)).stderr).toContain(warning);
    expect((await create('--jwt-secret-file', 'secret.txt')).stderr).toBe('');
    expect((await run(['token', 'create', 'zoe'], { LONGWIRE_JWT_SECRET: secret })).stderr).toBe('');
    expect((await run(['config', 'print', '--auth', 'jwt', '--jwt-secret', secret])).stderr).toContain(warning);
  });

  it('token create refuses an --expires-in above maxTokenLifetimeMs, which is 24 h unless it is set', async () => {
    const environment = { LONGWIRE_JWT_SECRET: secret };
    const create = (...args: string[]) => run(['token', 'create', 'zoe', '--expires-in', '2d', ...args], environment);
    const refused = await create();
    expect([refused.exit, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('86400 s');
    const setting = ['--max-token-lifetime-ms', '172800000'];
    const token = (await create(...setting)).stdout.trim();
    expect((await run(['token', 'verify', token], environment)).stdout).toContain('maxTokenLifetimeMs');
    expect((await run(['token', 'verify', token, ...setting], environment)).exit).toBe(0);
  });

  it('config print has anyAudience true for the flag without a value, and for the variable', async () => {
    const print = async (flags: string[], environment: Record<string, string>) => {
      const args = ['config', 'print', '--json', '--auth', 'jwt', '--jwks', 'https://login.example.org/keys', ...flags];
      return run(args, environment);
    };
    expect((await print(['--any-audience'], {})).stdout).toMatch(/"anyAudience"[^}]*true/);
    expect((await print([], { LONGWIRE_ANY_AUDIENCE: 'true' })).stdout).toMatch(/"anyAudience"[^}]*true/);
    expect((await print([], {})).stderr).toContain('--audience');
  });

  it('token create makes a token that token verify and a server with the secret accept', async () => {
    const environment = { LONGWIRE_JWT_SECRET: secret, LONGWIRE_AUDIENCE: 'longwire' };
    const token = (
      await run(['token', 'create', 'zoe', '--name', 'Zoe', '--picture', 'https://a.example/z.png'], environment)
    ).stdout.trim();
    const verified = await run(['token', 'verify', '--json'], environment, `${token}\n`);
    expect(verified.exit).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({
      ok: true,
      user: 'zoe',
      profile: { name: 'Zoe', picture: 'https://a.example/z.png' },
    });
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
    const shown = await run(['profile', '--token', token, 'zoe', 'yan'], at);
    expect(shown).toMatchObject({ exit: 0, stdout: 'Zoe (zoe)  https://a.example/z.png\nyan\n' });
    const admin = (await run(['token', 'create', 'backend', '--role', 'admin'], environment)).stdout.trim();
    expect((await run(['profile', '--token', admin, 'yan', '--name', 'Yan'], at)).exit).toBe(0);
    expect((await run(['profile', '--token', token, 'yan'], at)).stdout).toBe('Yan (yan)\n');
    expect((await run(['search', '--token', token, 'ya'], at)).stderr).toContain('forbidden');
    expect((await run(['send', '--as', 'zoe', 'user/yan', 'hi'], at)).exit).toBe(1);
    jwt.child.kill('SIGTERM');
    const { exit, stdout, stderr } = await jwt.result;
    expect(exit).toBe(0);
    expect(stdout + stderr).not.toContain(secret);
    expect(stdout + stderr).not.toContain(token);
  });

  it('config print shows the source of each value, and no secrets', async () => {
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
  it('serve answers /readyz, and names --port when the port is taken', async () => {
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

  it('serve exits 1 when another server holds the folder of --data', async () => {
    const { exit, stderr } = await run(['serve', '--auth', 'dev', '--port', '0', '--data', join(folder, 'data')]);
    expect(exit).toBe(1);
    expect(stderr).toContain(join(folder, 'data'));
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'serve ends with 0 within 5 s of %s, after goodbye and close 4001',
    async (signal) => {
      const own = await startServer(signal, ['--auth', 'dev', '--port', '0']);
      const gateway = JSON.parse(own.stdout).gateway;
      const peer = start(['connect', gateway]);
      peer.write('{"id":1,"type":"connect","token":"dev:hal"}\n');
      await peer.shows(/"connected"/);
      const begun = performance.now();
      own.child.kill(signal);
      expect((await own.result).exit).toBe(0);
      expect(performance.now() - begun).toBeLessThan(stretched(5_000));
      await peer.shows(/"goodbye".*4001/);
      expect(await peer.result).toMatchObject({ exit: 1, stdout: expect.stringContaining('closed 4001') });
    },
  );

  it('serve ends at once at a second signal', async () => {
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

  it('serve prints the banner without colour when stdout is not a terminal', async () => {
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
