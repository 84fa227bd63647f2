// Python's websockets against the engine, both ways, with and without compression.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ProgramProcess } from '@longwire/test-support/program-process';
import { findPythonWithWebsockets } from '@longwire/test-support/test-peers';
import { until } from '@longwire/test-support/until';
import { type CloseDetails, dial } from '@longwire/websocket';
import { describe, expect, it, type TestContext } from 'vitest';
import { KEEPS_WINDOWS, LARGE_BYTES, LARGE_LIMITS, startEchoServer } from './interop-echo.js';

const run = promisify(execFile);
const peer = join(import.meta.dirname, 'interop-python', 'peer.py');

const python = findPythonWithWebsockets();

function pythonOrSkip(context: TestContext): string {
  if (python !== undefined) return python;
  const reason = 'no python3 that can import websockets (apt-get install python3-websockets)';
  if (process.env.CI) throw new Error(reason);
  context.skip(reason);
  throw new Error(reason);
}

describe.each([
  ['plain', false],
  ['deflate', { thresholdBytes: 0 }],
  ['deflate', KEEPS_WINDOWS],
] as const)('Python, %s %j', (mode, perMessageDeflate) => {
  it('gets its messages back from our server, with close code and subprotocol', async (context) => {
    const command = pythonOrSkip(context);
    const server = await startEchoServer(perMessageDeflate, ['b', 'x']);
    try {
      const { stdout } = await run(command, [peer, 'walk', mode, server.url], { timeout: 100_000 });
      expect(JSON.parse(stdout)).toEqual({
        same: true,
        rest: ['fragmented', '0,1,2,3,4,'],
        code: 4001,
        reason: 'größer',
        subprotocol: 'b',
        extensions: mode === 'plain' ? [] : ['permessage-deflate'],
      });
      await until(() => server.closes.length === 1);
      expect(server.closes[0]).toMatchObject({ code: 4001, wasClean: true, initiator: 'local' });
    } finally {
      await server.stop();
    }
  });

  it('returns the messages of our client, with close code and subprotocol', async (context) => {
    const server = new ProgramProcess([pythonOrSkip(context), peer, 'serve', mode]);
    const [, port] = await server.shows(/^(\d+)\s/);
    try {
      await walkServer(Number(port));
    } finally {
      server.end();
      await server.result;
    }
  });

  async function walkServer(port: number): Promise<void> {
    const received: Array<string | Buffer> = [];
    const closes: CloseDetails[] = [];
    const pongs: string[] = [];
    const client = await dial(`ws://127.0.0.1:${port}/`, {
      subprotocols: ['a', 'b'],
      options: { ...LARGE_LIMITS, perMessageDeflate },
      handler: {
        onText: (_, text) => received.push(text),
        onBinary: (_, data) => received.push(Buffer.from(data)),
        onPong: (_, payload) => pongs.push(Buffer.from(payload).toString()),
        onClose: (_, close) => closes.push(close),
      },
    });
    expect(client.subprotocol).toMatch(/^[ab]$/);
    expect(client.extensions).toMatch(mode === 'plain' ? /^$/ : /^permessage-deflate/);
    const sent = ['', 'Hello', 'κόσμε 🎈', Buffer.alloc(0), Buffer.from([0, 255]), Buffer.alloc(LARGE_BYTES, 'ab')];
    for (const message of sent) {
      if (typeof message === 'string') client.sendText(message);
      else client.sendBinary(message);
    }
    const streamed = client.startMessage('text');
    for (const part of ['stre', 'am', 'ed']) await streamed.write(part);
    await streamed.end();
    client.ping(Buffer.from('are you there'));
    await until(() => received.length === sent.length + 1 && pongs.length === 1);
    expect(received.map(String)).toEqual([...sent, 'streamed'].map(String));
    expect(pongs).toEqual(['are you there']);
    client.sendText('close 3333 größer');
    await until(() => closes.length === 1);
    expect(closes[0]).toMatchObject({ code: 3333, reason: 'größer', wasClean: true, initiator: 'remote' });
  }
});
