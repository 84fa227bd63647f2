// npm run conformance:server and conformance:client, as a conformance suite uses them; ws stands in for the suite.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ProgramProcess } from '@longwire/test-support/program-process';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { projectRoot } from '../scripts/workspaces.mjs';

const MIB = 1_048_576;
const started: ProgramProcess[] = [];

afterEach(() => Promise.all(started.splice(0).map((program) => program.kill())));

function start(program: string, ...args: string[]): ProgramProcess {
  const peer = new ProgramProcess([process.execPath, join(projectRoot, 'conformance', program), ...args]);
  started.push(peer);
  return peer;
}

async function startServer(...args: string[]): Promise<{ server: ProgramProcess; url: string }> {
  const server = start('server.mjs', '--port', '0', ...args);
  const [, port] = await server.shows(/ on port (\d+)\n/);
  return { server, url: `ws://127.0.0.1:${port}` };
}

describe.each([[[]], [['--deflate']]])('with arguments %j', (flags) => {
  it('conformance:server echoes text and binary up to 16 MiB in any fragments, and closes with 1001 on SIGTERM', async () => {
    const { server, url } = await startServer(...flags);
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
    await until(() => echoes.length === 5, 'five echoes', 50_000);
    const sent = [Buffer.from('Hello'), Buffer.from([0, 255]), large, large, large.subarray(0, MIB / 2)];
    expect(echoes.map(([data]) => (data as Buffer).length)).toEqual(sent.map(({ length }) => length));
    expect(echoes.every(([data], index) => sent[index]!.equals(data as Buffer))).toBe(true);
    expect(echoes.map(([, isBinary]) => isBinary)).toEqual([false, true, true, false, false]);
    const closed = once(client, 'close');
    const ended = server.kill('SIGTERM');
    expect((await closed)[0]).toBe(1001);
    expect((await ended).exit).toBe(0);
  });

  it('conformance:client runs all cases, echoes in each, and requests the report', async () => {
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
    const client = start('client.mjs', `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`, ...flags);
    expect(await client.result).toMatchObject({ exit: 0, stdout: expect.stringContaining('3 cases run') });
    http.close();
    expect(visits).toEqual([
      '/getCaseCount',
      ...[1, 2, 3].map((number) => `/runCase?case=${number}&agent=longwire`),
      '/updateReports?agent=longwire',
    ]);
    expect(echoes).toEqual(['echo me', 'echo me']);
  });
});
