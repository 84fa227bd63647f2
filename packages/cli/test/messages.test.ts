// Sending, reading and chatting with the built command against a real server process.

import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { ProgramProcess } from '@longwire/test-support/program-process';
import { longwireCommand } from '@longwire/test-support/server-process';
import { stretched } from '@longwire/test-support/stretched';
import { until } from '@longwire/test-support/until';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CliHome, linesOf } from './cli-home.js';

// Every step is a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

let home: CliHome;

const start = (...call: Parameters<CliHome['start']>) => home.start(...call);
const run = (...call: Parameters<CliHome['run']>) => home.run(...call);

beforeAll(async () => {
  home = await CliHome.open();
});

afterAll(() => home.close());

describe('longwire send and tail', () => {
  it('send and tail deliver messages to an offline user once and in order, over kill -9 of the server', async () => {
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

  it('send reads its text from stdin, and --body sends the whole body', async () => {
    await run(['send', '--as', 'ann', 'user/ben'], {}, 'from stdin\n');
    await run(['send', '--as', 'ann', 'user/ben', '--body', '{"text":"x","n":[1]}']);
    const { stdout } = await run(['tail', '--as', 'ben', '--count', '2']);
    expect(linesOf(stdout).map(({ body }) => body)).toEqual([{ text: 'from stdin' }, { text: 'x', n: [1] }]);
  });

  it('send --body stores 12345678901234567890 and 1e400 as they are, and tail prints them', async () => {
    const body = '{"id":12345678901234567890,\n "max": 1e400, "text":"a  b"}';
    await run(['send', '--as', 'ann', 'user/num', '--body', body]);
    await run(['send', '--as', 'ann', 'user/num', '--body'], {}, '1e400\n');
    const { stdout } = await run(['tail', '--as', 'num', '--count', '2']);
    const [first, second] = stdout.split('\n');
    expect(first).toContain('"body":{"id":12345678901234567890,"max":1e400,"text":"a  b"},"own":false}');
    expect(second).toContain('"body":1e400,');
  });

  it('block refuses the messages of both users with blocked, until unblock', async () => {
    const sendTo = (from: string, to: string) => run(['send', '--as', from, `user/${to}`, 'hi']);
    expect((await sendTo('mia', 'max')).exit).toBe(0);
    expect(await run(['block', '--as', 'max', 'mia'])).toMatchObject({ exit: 0, stdout: '', stderr: '' });
    expect(await sendTo('mia', 'max')).toMatchObject({ exit: 1, stderr: expect.stringContaining('(blocked)') });
    expect(await sendTo('max', 'mia')).toMatchObject({ exit: 1, stderr: expect.stringContaining('(blocked)') });
    expect((await run(['blocks', '--as', 'max'])).stdout).toBe('mia\n');
    expect((await run(['unblock', '--as', 'max', 'mia'])).exit).toBe(0);
    expect(await run(['blocks', '--as', 'max', '--json'])).toMatchObject({ exit: 0, stdout: '' });
    expect((await sendTo('mia', 'max')).stdout).toBe('2\n');
    expect(await run(['block', '--as', 'max', 'max'])).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('Not blocked (invalid_field)'),
    });
  });

  it('send with the same --key stores a message once', async () => {
    const args = ['send', '--as', 'ann', 'user/kim', 'once', '--key', 'k1', '--json'];
    const [first, second] = [await run(args), await run(args)];
    expect(JSON.parse(second.stdout)).toMatchObject({ offset: JSON.parse(first.stdout).offset, repeated: true });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'tail acknowledges what it printed and ends by %s',
    async (signal) => {
      const user = `lea-${signal}`;
      const tail = start(['tail', '--as', user]);
      await run(['send', '--as', 'ann', `user/${user}`, 'live']);
      await tail.shows(/"live"/);
      tail.child.kill(signal);
      expect(await tail.result).toMatchObject({ exit: signal, stderr: '' });
      await run(['send', '--as', 'ann', `user/${user}`, 'next']);
      const next = await run(['tail', '--as', user, '--count', '1']);
      expect(linesOf(next.stdout)).toMatchObject([{ body: { text: 'next' } }]);
    },
  );

  it('tail ends by SIGINT at once while the server does not answer', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    const sockets: Socket[] = [];
    const connected = new Promise<void>((resolve) => {
      silent.on('connection', (socket) => resolve(void sockets.push(socket)));
    });
    await once(silent, 'listening');
    const tail = start(['tail', '--as', 'ann'], {
      LONGWIRE_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    });
    await connected;
    tail.child.kill('SIGINT');
    expect((await tail.result).exit).toBe('SIGINT');
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('tail prints control characters and bidirectional marks as JSON escapes of the same value (row 90)', async () => {
    const text = 'a\u001b[2J \u009b \u202e \u2066 \u200f \u061c \u2028 b';
    await run(['send', '--as', 'ann', 'user/ted', text]);
    const { stdout } = await run(['tail', '--as', 'ted', '--count', '1']);
    expect(stdout).toMatch(/^[ -~]+\n$/);
    expect(linesOf(stdout)).toMatchObject([{ body: { text } }]);
  });

  it('send, tail and chat exit 1 with the URL when no server answers', async () => {
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

  it.each(['tail', 'chat'])('%s without HOME exits 2 and names LONGWIRE_DEVICE_FOLDER', async (command) => {
    const { exit, stdout, stderr } = await run([command, '--as', 'ann'], { HOME: '', LONGWIRE_DEVICE_FOLDER: '' });
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: [^\n]*HOME is not set[^\n]*LONGWIRE_DEVICE_FOLDER[^\n]*\n$/);
  });

  it.each(['tail', 'chat'])('%s exits 1 when LONGWIRE_DEVICE_FOLDER cannot be written', async (command) => {
    const { exit, stdout, stderr } = await run([command, '--as', 'ann'], { LONGWIRE_DEVICE_FOLDER: '/dev/null/x' });
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: The reading position cannot be kept: [^\n]*\/dev\/null\/x[^\n]*\n$/);
  });

  it('send waits no longer than --timeout-ms for a server that accepts the connection and never answers', async () => {
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
    expect(tookMs).toBeLessThan(stretched(5_000));
  });

  it.each([
    ['the server takes', 300_000],
    ['the SDK holds', 9_000_000],
  ])('send reports "Not sent" for a message larger than %s, and suggests no --key', async (_what, byteLength) => {
    const { exit, stdout, stderr } = await run(['send', '--as', 'ann', 'user/big'], {}, 'x'.repeat(byteLength));
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: Not sent \(\w+\)/);
    expect(stderr).not.toContain('--key');
  });

  it('tail exits 1 with the reason when the token is refused', async () => {
    const { exit, stderr } = await run(['tail', '--token', 'nonsense']);
    expect(exit).toBe(1);
    expect(stderr).toContain('auth dev');
  });
});

describe('longwire chat', () => {
  it('sends piped lines unchanged: U+2028, U+2029 and spaces at the ends stay', async () => {
    const lines = ['one\u2028two\u2029three', '  indented ', '\ttab'];
    expect((await run(['chat', '--as', 'eva', '--to', 'hal'], {}, `${lines.join('\n')}\n`)).exit).toBe(0);
    const { stdout } = await run(['tail', '--as', 'hal', '--count', '3']);
    expect(linesOf(stdout).map(({ body }) => body.text)).toEqual(lines);
  });

  it('exits 2 at a piped line that is not UTF-8, after sending the lines before it', async () => {
    const chat = start(['chat', '--as', 'eva', '--to', 'ivy']);
    chat.child.stdin?.end(Buffer.concat([Buffer.from('good\n'), Buffer.from([0x68, 0xff, 0x0a])]));
    expect(await chat.result).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('Line 2 on stdin is not UTF-8'),
    });
    const { stdout } = await run(['tail', '--as', 'ivy', '--count', '1']);
    expect(linesOf(stdout)).toMatchObject([{ body: { text: 'good' } }]);
  });

  it('indents the lines of a message, so that none looks like a message of another user (row 91)', async () => {
    const chat = start(['chat', '--as', 'jon']);
    await run(['send', '--as', 'dan', 'user/jon', 'hi\nboss: pay dan']);
    await chat.shows(/^dan: hi\n {4}boss: pay dan$/m);
    chat.end();
    expect((await chat.result).exit).toBe(0);
  });

  it('ends by SIGINT after the lines read so far are stored', async () => {
    const chat = start(['chat', '--as', 'eva', '--to', 'kai']);
    await chat.shows(/You are eva/);
    chat.write('before\n');
    const tail = run(['tail', '--as', 'kai', '--count', '1']);
    expect(linesOf((await tail).stdout)).toMatchObject([{ body: { text: 'before' } }]);
    chat.child.kill('SIGINT');
    expect(await chat.result).toMatchObject({ exit: 'SIGINT', stderr: '' });
  });

  it('sends lines to the user of /to, prints messages, and ends at /exit', async () => {
    const chat = start(['chat', '--as', 'cara']);
    await chat.shows(/You are cara/);
    chat.write('hello?\n');
    await chat.shows(/Choose a recipient first/);
    chat.write('/to dan\n/who\nhello dan\n//slash\n');
    const { stdout } = await run(['tail', '--as', 'dan', '--count', '2']);
    expect(linesOf(stdout).map(({ body }) => body.text)).toEqual(['hello dan', '/slash']);
    await run(['send', '--as', 'dan', 'user/cara', 'hello \u001b[31mcara']);
    await chat.shows(/^dan: hello \\u001b\[31mcara$/m);
    chat.write('/exit\n');
    expect(await chat.result).toMatchObject({ exit: 0, stderr: '' });
  });

  it('sends all piped lines in order before it ends, also more than maxPendingSends of the SDK', async () => {
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

  it('sends long lines that together exceed maxPendingBytes of the SDK', async () => {
    const many = Array.from({ length: 200 }, (_, at) => `${at} ${'x'.repeat(60_000)}`);
    const chat = await run(['chat', '--as', 'eva', '--to', 'gil'], {}, `${many.join('\n')}\n`);
    expect([chat.exit, chat.stderr]).toEqual([0, '']);
    const { stdout } = await run(['tail', '--as', 'gil', '--count', '200']);
    expect(linesOf(stdout).map(({ body }) => body.text.length)).toEqual(many.map((line) => line.length));
  });
});

describe('longwire presence', () => {
  it('prints who is online, and when the others were last seen, of those who have written to the user', async () => {
    await run(['send', '--as', 'mia', 'user/lea', 'hi']);
    const chat = start(['chat', '--as', 'mia']);
    await chat.shows(/You are mia/);
    const online = await run(['presence', '--as', 'lea', 'mia', 'stranger']);
    expect([online.exit, online.stdout]).toEqual([0, 'mia: online\nstranger: offline\n']);
    const watch = start(['presence', '--as', 'lea', '--watch', '--json', 'mia']);
    await watch.shows(/{"user":"mia","online":true}\n/);
    chat.end();
    expect((await chat.result).exit).toBe(0);
    await watch.shows(/{"user":"mia","online":false,"lastSeenAt":\d+}\n/);
    watch.child.kill('SIGINT');
    expect(await watch.result).toMatchObject({ exit: 'SIGINT', stderr: '' });
    const seen = await run(['presence', '--as', 'lea', 'mia']);
    expect(seen.stdout).toMatch(/^mia: last seen \d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
  });

  it('exits 2 for what is not a user id', async () => {
    expect((await run(['presence', '--as', 'lea', 'user/mia'])).exit).toBe(2);
  });

  it('/who of chat shows whether the recipient is online', async () => {
    const chat = start(['chat', '--as', 'lea', '--to', 'mia']);
    await chat.shows(/You are lea/);
    chat.write('/who\n');
    await chat.shows(/The recipient is mia \(last seen \d{4}-/);
    chat.end();
    expect((await chat.result).exit).toBe(0);
  });
});

describe('longwire settings', () => {
  it('shows and changes what a user shows to others', async () => {
    const first = await run(['settings', '--as', 'nia']);
    expect([first.exit, first.stdout]).toEqual([0, 'presence: on\nreceipts: on\n']);
    const changed = await run(['settings', '--as', 'nia', '--presence', 'off', '--json']);
    expect(JSON.parse(changed.stdout)).toEqual({ presence: false, receipts: true });
    expect((await run(['settings', '--as', 'nia'])).stdout).toBe('presence: off\nreceipts: on\n');
    expect((await run(['settings', '--as', 'nia', '--presence', 'maybe'])).exit).toBe(2);
  });
});

describe.skipIf(process.platform !== 'linux')('chat at the prompt of a terminal', () => {
  it('shows that the recipient types, and sends typing for the keys that are typed', async () => {
    await run(['send', '--as', 'tom', 'user/uma', 'first']);
    await run(['tail', '--as', 'uma', '--count', '1']);
    const prompt = (as: string, to: string) =>
      new ProgramProcess(
        [
          'script',
          '--quiet',
          '--command',
          `'${process.execPath}' '${longwireCommand}' chat --as ${as} --to ${to}`,
          '/dev/null',
        ],
        {
          environment: {
            PATH: process.env['PATH'],
            SHELL: '/bin/sh',
            TERM: 'xterm',
            LONGWIRE_URL: home.url,
            LONGWIRE_DEVICE_FOLDER: join(home.folder, 'devices'),
          },
        },
      );
    const [tom, uma] = [prompt('tom', 'uma'), prompt('uma', 'tom')];
    await tom.shows(/tom → uma > /, 'output');
    await uma.shows(/uma → tom > /, 'output');
    tom.write('hel');
    await uma.shows(/uma → tom \(typing…\) > /, 'output');
    tom.write('lo\r');
    await uma.shows(/: hello\r?\n[^\n]*uma → tom > [^(\n]*$/, 'output');
    // In a group it shows who types.
    await run(['group', 'create', '--as', 'uma', 'duo', 'tom']);
    for (const terminal of [tom, uma]) terminal.write('/to group/duo\r');
    await uma.shows(/uma → group\/duo > /, 'output');
    await tom.shows(/tom → group\/duo > /, 'output');
    tom.write('hi');
    await uma.shows(/uma → group\/duo \(tom typing…\) > /, 'output');
    await Promise.all([tom.kill(), uma.kill()]);
  });
});

describe.skipIf(process.platform !== 'linux')('a terminal that is closed', () => {
  it.each([
    ['chat', ['chat', '--as', 'ann', '--to', 'bob']],
    ['connect', ['connect', 'URL']],
  ])('ends %s by SIGHUP', async (name, args) => {
    const result = join(home.folder, `closed-${name}`);
    const words = args.map((word) => `'${word.replace('URL', `${home.url.replace('http', 'ws')}/v1/connect`)}'`);
    // The shell survives its terminal, to write down how the command ended.
    const command = `trap '' HUP; '${process.execPath}' '${longwireCommand}' ${words.join(' ')}; echo $? > '${result}'`;
    const terminal = new ProgramProcess(['script', '--quiet', '--command', command, '/dev/null'], {
      environment: {
        PATH: process.env['PATH'],
        SHELL: '/bin/sh',
        TERM: 'xterm',
        LONGWIRE_URL: home.url,
        LONGWIRE_DEVICE_FOLDER: join(home.folder, 'devices'),
      },
    });
    await terminal.shows(/You are ann|connected/, 'output');
    await terminal.kill('SIGKILL');
    await until(() => existsSync(result) && readFileSync(result, 'utf8') !== '', 'the exit code of the command');
    expect(readFileSync(result, 'utf8')).toBe('129\n');
  });
});
