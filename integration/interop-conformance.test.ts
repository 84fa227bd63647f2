// npm run conformance:server and conformance:client, as a conformance suite uses them; ws stands in for the suite.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { projectRoot } from '../scripts/project-root.mjs';

const MIB = 1_048_576;
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function start(program: string, ...args: string[]): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [join(projectRoot, 'conformance', program), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return { child, output: () => output };
}

async function startServer(...args: string[]): Promise<{ child: ChildProcess; url: string }> {
  const { child, output } = start('server.mjs', '--port', '0', ...args);
  await vi.waitUntil(() => {
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}:\n${output()}`);
    return / on port \d+\n/.test(output());
  }, 50_000);
  return { child, url: `ws://127.0.0.1:${/ on port (\d+)\n/.exec(output())![1]}` };
}

describe.each([[[]], [['--deflate']]])('with arguments %j', (flags) => {
  it('the server echoes text as text and binary as binary, up to 16 MiB in any fragments, and stops cleanly', async () => {
    const { child, url } = await startServer(...flags);
    const client = new WebSocket(url, { maxPayload: 17 * MIB });
    const echoes: Array<[RawData, boolean]> = [];
    client.on('message', (data, isBinary) => echoes.push([data, isBinary]));
    await once(client, 'open');
    expect(client.extensions !== '').toBe(flags.length > 0);
    const large = Buffer.alloc(16 * MIB, 'abcdefg');
    client.send('Hello');
    client.send(Buffer.from([0, 255]));
    client.send(large);
    client.send(large.toString());
    for (let at = 0; at < MIB / 2; at += 64) {
      client.send(large.subarray(at, at + 64), { fin: at + 64 === MIB / 2, binary: false });
    }
    await vi.waitUntil(() => echoes.length === 5, 40_000);
    const sent = [Buffer.from('Hello'), Buffer.from([0, 255]), large, large, large.subarray(0, MIB / 2)];
    expect(echoes.map(([data]) => (data as Buffer).length)).toEqual(sent.map(({ length }) => length));
    expect(echoes.every(([data], index) => sent[index]!.equals(data as Buffer))).toBe(true);
    expect(echoes.map(([, isBinary]) => isBinary)).toEqual([false, true, true, false, false]);
    const closed = once(client, 'close');
    child.kill('SIGTERM');
    expect((await closed)[0]).toBe(1001);
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
  });

  it('the client walks through all cases, echoes in each, and asks for the report', async () => {
    const visits: string[] = [];
    const echoes: string[] = [];
    const http = createServer();
    const server = new WebSocketServer({ server: http, perMessageDeflate: true });
    server.on('connection', (peer, request) => {
      const path = request.url ?? '';
      visits.push(path);
      if (path === '/getCaseCount') peer.send('3', () => peer.close());
      else if (path.startsWith('/runCase')) {
        // The second case breaks the rules; the walk goes on.
        if (path.includes('case=2')) (peer as unknown as { _socket: NodeJS.WritableStream })._socket.write('\xff\xff');
        peer.on('message', (data) => {
          echoes.push(String(data));
          peer.close();
        });
        peer.on('error', () => {});
        peer.send('echo me');
      } else peer.close();
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const { child, output } = start('client.mjs', `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`, ...flags);
    await once(child, 'exit');
    http.close();
    expect(output()).toContain('3 cases run');
    expect(child.exitCode).toBe(0);
    expect(visits).toEqual([
      '/getCaseCount',
      ...[1, 2, 3].map((number) => `/runCase?case=${number}&agent=longwire`),
      '/updateReports?agent=longwire',
    ]);
    expect(echoes).toEqual(['echo me', 'echo me']);
  });
});
