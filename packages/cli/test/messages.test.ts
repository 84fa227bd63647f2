// Sending, reading and chatting with the built command against a real server process.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CliHome, linesOf } from './cli-home.js';

// Every step is a process of its own, which takes its time on a machine with other things to do.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

let home: CliHome;

const start = (...call: Parameters<CliHome['start']>) => home.start(...call);
const run = (...call: Parameters<CliHome['run']>) => home.run(...call);

beforeAll(async () => {
  home = await CliHome.open();
});

afterAll(() => home.close());

describe('longwire send and tail', () => {
  it('carry a message to somebody who is away, once, in order, over kill -9 of the server', async () => {
    const own = await home.startServer('killed', ['--auth', 'dev', '--port', '0']);
    const address = JSON.parse(own.stdout);
    const environment = { LONGWIRE_URL: `http://127.0.0.1:${address.port}` };
    const first = await run(['send', '--as', 'alice', 'user/bob', 'one'], environment);
    const second = await run(['send', '--as', 'alice', 'user/bob', 'two', '--json'], environment);
    expect([first.exit, first.stdout]).toEqual([0, '1\n']);
    expect(JSON.parse(second.stdout)).toMatchObject({ channel: 'user/bob', offset: 2 });
    own.child.kill('SIGKILL');
    await own.result;

    const again = await home.startServer('killed', ['--auth', 'dev', '--port', String(address.port)]);
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

  it('wait no longer than --timeout-ms for a server that takes the connection and says nothing', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    const sockets: Socket[] = [];
    silent.on('connection', (socket) => sockets.push(socket));
    await once(silent, 'listening');
    const at = { LONGWIRE_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` };
    const begun = performance.now();
    const { exit, stdout, stderr } = await run(['send', '--as', 'ann', 'user/bob', 'hi', '--timeout-ms', '500'], at);
    const tookMs = performance.now() - begun;
    for (const socket of sockets) socket.destroy();
    silent.close();
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`${at.LONGWIRE_URL}: no answer within 500 ms`);
    // The process, too, takes its time to start; without the limit the attempt alone takes 10 s.
    expect(tookMs).toBeLessThan(5_000);
  });

  it.each([
    ['the server takes', 300_000],
    ['the SDK holds', 9_000_000],
  ])('say of a message larger than %s that nothing was stored, and offer no repeat', async (_what, byteLength) => {
    const { exit, stdout, stderr } = await run(['send', '--as', 'ann', 'user/big'], {}, 'x'.repeat(byteLength));
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Nothing was stored');
    expect(stderr).not.toContain('--key');
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

  it('sends everything that was piped in before it ends, in order, also more than the SDK holds at a time', async () => {
    const many = Array.from({ length: 3_000 }, (_, at) => `line ${at}`);
    const chat = await run(['chat', '--as', 'eva', '--to', 'fay'], {}, `${many.join('\n')}\n`);
    expect([chat.exit, chat.stderr]).toEqual([0, '']);
    const { stdout } = await run(['tail', '--as', 'fay', '--count', '1000']);
    // A device that is new gets the newest thousand, after the gap before them.
    const messages = linesOf(stdout).filter(({ type }) => type === 'message');
    expect(messages.map(({ body, offset }) => [body.text, offset])).toEqual(
      many.slice(-1_000).map((text, at) => [text, 2_001 + at]),
    );
  });

  it('sends long lines that together are more than the SDK holds', async () => {
    const many = Array.from({ length: 200 }, (_, at) => `${at} ${'x'.repeat(60_000)}`);
    const chat = await run(['chat', '--as', 'eva', '--to', 'gil'], {}, `${many.join('\n')}\n`);
    expect([chat.exit, chat.stderr]).toEqual([0, '']);
    const { stdout } = await run(['tail', '--as', 'gil', '--count', '200']);
    expect(linesOf(stdout).map(({ body }) => body.text.length)).toEqual(many.map((line) => line.length));
  });
});
