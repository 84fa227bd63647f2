// The echo program as its users see it: a person in a terminal, and other clients on the wire.
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { ExampleProcess } from '@longwire/test-support/example-process';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { alive } from '../src/alive.js';

const question = "Enter message to send (or 'exit' to quit):";
let program: ExampleProcess;

beforeAll(async () => {
  program = await ExampleProcess.start('4-echo', { environment: { HOST: '0.0.0.0' } });
});
afterAll(() => ExampleProcess.stopAll());

const connect = (path: string, headers?: Record<string, string>) =>
  WebSocketClient.connect(program.webSocketUrl(path), { headers });

function startClient(url: string): Promise<ExampleProcess> {
  return ExampleProcess.start('4-echo', { program: 'client', args: [url], hasAddress: false });
}

describe('the terminal client', () => {
  it('prompts for messages, prints the answers, and closes with 1000 on exit', async () => {
    const client = await startClient(program.webSocketUrl('/ws'));
    await client.lines(/^Connection opened$/);
    await client.lines(/^Enter message to send \(or 'exit' to quit\):$/);
    client.write('Hello, server!\n');
    await client.lines(/^Received: Server: Hello, server!$/);
    client.write('exit\n');
    expect((await client.result).exit).toBe(0);
    expect(client.output.split('\n')).toEqual([
      'Connection opened',
      question,
      'Received: Server: Hello, server!',
      question,
      'Connection closed (1000)',
      '',
    ]);
    await client.stop();
  });

  it('reads its messages from a pipe, and closes with 1000 at its end', async () => {
    const client = await startClient(program.webSocketUrl('/websocket'));
    client.write('Hello, server!\n');
    client.write('Hello again!\n');
    client.end();
    expect((await client.result).exit).toBe(0);
    expect(client.output.match(/^Received: Hello, client!$/gm)).toHaveLength(2);
    await client.stop();
  });

  it('prompts again without an answer, and closes with 1000 on Ctrl+C', async () => {
    const client = await startClient(program.webSocketUrl('/group'));
    const other = await connect('/group');
    await client.lines(/^Enter message/);
    client.write('anybody?\n');
    expect(await other.first(1)).toEqual(['anybody?']);
    await client.lines(/^Enter message/, 2);
    other.send('me');
    await client.lines(/^Received: me$/);
    expect((await client.kill('SIGINT')).exit).toBe(0);
    await client.lines(/^Connection closed \(1000\)$/);
    await client.stop();
    await other.close();
  });

  it('prints why it cannot connect, and exits with 1', async () => {
    const client = await startClient(program.webSocketUrl('/nowhere'));
    expect((await client.result).exit).toBe(1);
    expect(client.output).toContain(`Cannot connect to ${program.webSocketUrl('/nowhere')}`);
    await client.stop();
  });

  it('prints the close of the server, and ends', async () => {
    const other = await ExampleProcess.start('4-echo');
    const client = await startClient(other.webSocketUrl('/ws'));
    await client.lines(/^Connection opened$/);
    expect((await other.kill('SIGTERM')).exit).toBe(0);
    expect((await client.result).exit).toBe(1);
    await client.lines(/^Connection closed \(1001/);
    await client.stop();
    await other.stop();
  });
});

it('/ws answers "Server: <text>", /websocket always the same text', async () => {
  const echo = await connect('/ws');
  const greeted = await connect('/websocket');
  for (const text of ['Hello, server!', '你好', '']) {
    echo.send(text);
    greeted.send(text);
  }
  expect(await echo.first(3)).toEqual(['Server: Hello, server!', 'Server: 你好', 'Server: ']);
  expect(await greeted.first(3)).toEqual(['Hello, client!', 'Hello, client!', 'Hello, client!']);
  for (const client of [echo, greeted]) await client.close();
});

it('answers the text ping with pong on every endpoint', async () => {
  for (const path of ['/ws', '/websocket', '/group', '/chat/alice']) {
    const client = await connect(path);
    client.send('ping');
    await expect.poll(() => client.texts).toContain('pong');
    await client.close();
  }
});

describe('the heartbeat', () => {
  it('has an interval of 30 s', () => {
    expect(alive.limits.heartbeatMs).toBe(30_000);
  });

  it('pings on every endpoint at the interval of LONGWIRE_HEARTBEAT_MS', async () => {
    const quick = await ExampleProcess.start('4-echo', { environment: { LONGWIRE_HEARTBEAT_MS: '100' } });
    for (const path of ['/ws', '/websocket', '/group', '/chat/alice']) {
      const client = new WebSocket(quick.webSocketUrl(path));
      let pings = 0;
      client.on('ping', () => pings++);
      await expect.poll(() => pings, { timeout: 60_000 }).toBeGreaterThanOrEqual(2);
      expect(client.readyState).toBe(WebSocket.OPEN);
      client.terminate();
    }
    await quick.stop();
  });
});

it('/group sends a message to all except the sender', async () => {
  const [first, second, third] = await Promise.all([connect('/group'), connect('/group'), connect('/group')]);
  first.send('from first');
  for (const other of [second, third]) expect(await other.first(1)).toEqual(['from first']);
  second.send('from second');
  expect(await first.first(1)).toEqual(['from second']);
  expect(await third.first(2)).toEqual(['from first', 'from second']);
  expect(second.texts).toEqual(['from first']);
  for (const client of [first, second, third]) await client.close();
});

describe('/chat/{username}', () => {
  it('sends joins, messages and leaves to all', async () => {
    const alice = await connect('/chat/alice');
    expect(await alice.first(1)).toEqual(['alice joined.']);
    const bob = await connect('/chat/%E9%B2%8D%E5%8B%83');
    alice.send('hi');
    expect(await bob.first(2)).toEqual(['鲍勃 joined.', 'alice: hi']);
    await bob.close();
    await expect.poll(() => alice.texts.at(-1)).toBe('鲍勃 left.');
    await alice.close();
  });

  it('answers 401 to a bare name from another machine, and accepts a signed link', async () => {
    const link = (await (await fetch(`${program.url}token?user=alice`)).text()).trim();
    const [, token = ''] = link.split('?token=');
    const proxied = { 'X-Forwarded-For': '203.0.113.9' };
    await expect(connect('/chat/alice', proxied)).rejects.toThrow('401');
    await expect(connect('/chat/alice', { Host: 'rebound.example' })).rejects.toThrow('401');
    await expect(connect(`/chat/bob?token=${token}`)).rejects.toThrow('401');
    await expect(connect(`/chat/alice?token=${token}0`)).rejects.toThrow('401');
    await expect(connect(`/chat/alice?token=${token.replace(/^\d+/, '9999999999999')}`)).rejects.toThrow('401');
    await (await connect(`/chat/alice?token=${token}`, proxied)).close();
    await (await connect('/chat/alice', { ...proxied, Authorization: `Bearer ${token}` })).close();
    expect((await fetch(`${program.url}token?user=alice`, { headers: proxied })).status).toBe(403);
  });

  it('credential.ts is the same file in the programs 2, 3 and 4', () => {
    const [ours, ...others] = ['4-echo', '2-direct', '3-notifications'].map((example) =>
      readFileSync(new URL(`../../${example}/src/credential.ts`, import.meta.url), 'utf8'),
    );
    expect(others).toEqual([ours, ours]);
  });

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((network) => network?.family === 'IPv4' && !network.internal)?.address;

  it.skipIf(outside === undefined)('answers 401 to a bare name on an address of the network', async () => {
    const url = program.webSocketUrl('/chat/alice').replace('localhost', outside ?? '');
    await expect(WebSocketClient.connect(url)).rejects.toThrow('401');
    const echo = await WebSocketClient.connect(program.webSocketUrl('/ws').replace('localhost', outside ?? ''));
    await echo.close();
  });
});

it('a page of another origin is refused with 403', async () => {
  for (const path of ['/ws', '/websocket', '/group', '/chat/alice']) {
    await expect(connect(path, { Origin: 'https://evil.example' })).rejects.toThrow('403');
  }
});
