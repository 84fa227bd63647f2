// The debug mode: a conversation as people read it, compared line by line.
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import {
  type ContainerOptions,
  defineEndpoint,
  EndpointContainer,
  type EndpointDefinition,
  wireLog,
} from '../../src/index.js';
import { listen } from '../serving.js';
import { expectNoUnhandledRejection, waysToFail } from '../ways-to-fail.js';

afterEach(expectNoUnhandledRejection());

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  vi.restoreAllMocks();
});

/** A container in debug mode, and the lines it prints. */
async function logged(endpoint: EndpointDefinition, options: ContainerOptions = {}) {
  const lines: string[] = [];
  const container = new EndpointContainer({ debug: wireLog((line) => lines.push(line)), ...options });
  container.add(endpoint);
  const server = createServer();
  container.attach(server);
  const port = await listen(server);
  undo.push(() => new Promise((resolve) => server.close(resolve)));
  undo.push(() => container.close({ withinMs: 200 }));
  return { lines, port, container, server };
}

/** A peer that sends exactly the bytes it is told to. */
class RawPeer {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  isClosed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' });
    this.socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    this.socket.on('close', () => {
      this.isClosed = true;
    });
    this.socket.on('error', () => {});
    undo.push(() => this.socket.destroy());
  }

  static async open(port: number, target: string, headers: readonly string[] = []): Promise<RawPeer> {
    const peer = new RawPeer(port);
    const lines = [
      `GET ${target} HTTP/1.1`,
      'Host: example.org',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      ...headers,
    ];
    peer.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    await until(() => peer.received.includes('\r\n\r\n'));
    peer.received = peer.received.subarray(peer.received.indexOf('\r\n\r\n') + 4);
    return peer;
  }

  /** Sends a frame under the key of RFC 6455 §5.7 and waits until this many bytes have come back. */
  async frame(first: number, payload: string | Uint8Array, answerBytes = 0): Promise<void> {
    const key = [0x37, 0xfa, 0x21, 0x3d];
    const bytes = Buffer.from(payload);
    const header =
      bytes.length < 126 ? [first, 0x80 | bytes.length] : [first, 0xfe, bytes.length >> 8, bytes.length & 0xff];
    const masked = bytes.map((byte, index) => byte ^ key[index & 3]!);
    const wanted = this.received.length + answerBytes;
    this.socket.write(Buffer.concat([Buffer.from([...header, ...key]), masked]));
    await until(() => this.received.length >= wanted);
  }
}

const acceptLines = [
  '#1 → HTTP/1.1 101 Switching Protocols',
  '#1 →   Upgrade: websocket',
  '#1 →   Connection: Upgrade',
  '#1 →   Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
];

it('a conversation with fragments, a ping in between, bytes and a close is printed frame by frame', async () => {
  const endpoint = defineEndpoint('/chat/{room}', {
    subprotocols: ['chat.v1'],
    onText(text, session) {
      // Three messages in one write: three lines.
      session.send(text.toUpperCase());
      session.send(new Uint8Array([0, 1, 254, 255]));
      return 'and a long one: '.repeat(10);
    },
    onBinary: () => {},
  });
  const { lines, port } = await logged(endpoint);
  const peer = await RawPeer.open(port, '/chat/kitchen?name=bob&access_token=secret', [
    'Sec-WebSocket-Protocol: chat.v1',
    'Authorization: Bearer secret',
    'Cookie: sid=secret',
  ]);
  await peer.frame(0x01, 'Hel');
  await peer.frame(0x89, 'are you there', 15);
  await peer.frame(0x80, 'lo', 7 + 6 + 164);
  await peer.frame(0x82, new Uint8Array([1, 2, 3]));
  await peer.frame(0x8a, new Uint8Array([7, 8]));
  await peer.frame(0x88, Buffer.concat([Buffer.from([0x03, 0xe8]), Buffer.from('"bye"')]), 4);
  await until(() => lines.at(-1)!.includes('×'));
  expect(lines).toEqual([
    '#1 ← GET /chat/kitchen?name=bob&access_token=••• HTTP/1.1',
    '#1 ←   Host: example.org',
    '#1 ←   Upgrade: websocket',
    '#1 ←   Connection: Upgrade',
    '#1 ←   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '#1 ←   Sec-WebSocket-Version: 13',
    '#1 ←   Sec-WebSocket-Protocol: chat.v1',
    '#1 ←   Authorization: •••',
    '#1 ←   Cookie: •••',
    ...acceptLines,
    '#1 →   Sec-WebSocket-Protocol: chat.v1',
    '#1 ← TEXT mask=37fa213d len=3 "Hel"',
    '#1 ← PING fin mask=37fa213d len=13 "are you there"',
    '#1 → PONG fin len=13 "are you there"',
    '#1 ← CONTINUATION fin mask=37fa213d len=2 "lo"',
    '#1 → TEXT fin len=5 "HELLO"',
    '#1 → BINARY fin len=4 00 01 fe ff',
    '#1 → TEXT fin len=160 "and a long one: and a long one: and a long one: and a long o"…',
    '#1 ← BINARY fin mask=37fa213d len=3 01 02 03',
    '#1 ← PONG fin mask=37fa213d len=2 07 08',
    String.raw`#1 ← CLOSE fin mask=37fa213d len=7 1000 "\"bye\""`,
    '#1 → CLOSE fin len=2 1000',
    '#1 × over, 1000, closed by the peer',
  ]);
});

it('compressed messages are marked, and their payload is shown as it is on the wire', async () => {
  const endpoint = defineEndpoint('/echo', {
    limits: { perMessageDeflate: { thresholdBytes: 1 } },
    onText: (text) => text,
  });
  const { lines, port } = await logged(endpoint);
  const peer = await RawPeer.open(port, '/echo', ['Sec-WebSocket-Extensions: permessage-deflate']);
  // RFC 7692 §7.2.3.1: "Hello" in one frame, and in two.
  await peer.frame(0xc1, Buffer.from('f248cdc9c90700', 'hex'), 9);
  await peer.frame(0x41, Buffer.from('f248cd', 'hex'));
  await peer.frame(0x80, Buffer.from('c9c90700', 'hex'), 9);
  await peer.frame(0x88, '', 2);
  await until(() => lines.at(-1)!.includes('×'));
  expect(lines.slice(lines.findIndex((line) => line.includes('101')))).toEqual([
    ...acceptLines,
    '#1 →   Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover',
    '#1 ← TEXT fin rsv1 mask=37fa213d len=7 (compressed) f2 48 cd c9 c9 07 00',
    '#1 → TEXT fin rsv1 len=7 (compressed) f2 48 cd c9 c9 07 00',
    '#1 ← TEXT rsv1 mask=37fa213d len=3 (compressed) f2 48 cd',
    '#1 ← CONTINUATION fin mask=37fa213d len=4 (compressed) c9 c9 07 00',
    '#1 → TEXT fin rsv1 len=7 (compressed) f2 48 cd c9 c9 07 00',
    '#1 ← CLOSE fin mask=37fa213d len=0 (no code)',
    '#1 → CLOSE fin len=0 (no code)',
    '#1 × over, 1005, closed by the peer',
  ]);
});

it('a broken rule, a refusal and a broken line are told, each connection under its own number', async () => {
  const endpoint = defineEndpoint('/x', { onText: () => {} });
  const { lines, port } = await logged(endpoint);
  const wrong = await RawPeer.open(port, '/x');
  wrong.socket.write(Buffer.from([0x81, 0x01, 0x61]));
  await until(() => wrong.isClosed);
  await RawPeer.open(port, '/x', ['Origin: https://evil.example']);
  const cut = await RawPeer.open(port, '/x');
  cut.socket.resetAndDestroy();
  await until(() => lines.at(-1)!.startsWith('#3 ×'));
  expect(lines.filter((line) => line.startsWith('#1')).slice(-2)).toEqual([
    '#1 → CLOSE fin len=38 1002 "a frame from a client must be masked"',
    '#1 × over, 1002, closed here: mask_required',
  ]);
  const refused = lines.filter((line) => line.startsWith('#2'));
  expect(refused).toContain('#2 → HTTP/1.1 403 Forbidden');
  expect(refused.at(-1)).toBe('#2 →   This origin may not connect.');
  expect(lines.at(-1)).toBe('#3 × over, 1006, closed by neither side: connection_lost');
});

it('a request that reaches no endpoint is printed with its refusal, and those that others accept are not', async () => {
  const { lines, port, server } = await logged(defineEndpoint('/chat', { onText: () => {} }));
  await RawPeer.open(port, '/caht');
  expect(lines[0]).toBe('#1 ← GET /caht HTTP/1.1');
  expect(lines).toContain('#1 → HTTP/1.1 404 Not Found');
  await RawPeer.open(port, '/%zz');
  expect(lines).toContain('#2 → HTTP/1.1 400 Bad Request');
  const others = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/others') others.handleUpgrade(request, socket, head, (client) => client.close());
  });
  const before = lines.length;
  const peer = await RawPeer.open(port, '/others');
  await until(() => peer.received.length > 0);
  expect(lines).toHaveLength(before);
});

it('nothing that a peer sends reaches the terminal as a control character, and a cut character is no noise', async () => {
  const { lines, port } = await logged(defineEndpoint('/x', { onText: () => {} }));
  const peer = await RawPeer.open(port, '/x?%74oken=a;b=c', ['X-Api-Key: a', 'X-Evil: \u009b31m']);
  await peer.frame(0x81, '\u001b[31m red \u009b \u202e back\nnext #9 ← TEXT');
  await peer.frame(0x01, Buffer.from('e282', 'hex'));
  await peer.frame(0x80, Buffer.from('ac21', 'hex'));
  await peer.frame(0x81, '€'.repeat(100));
  await until(() => lines.at(-1)!.includes('len=300'));
  for (const line of lines) expect(line).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u);
  expect(lines[0]).toBe('#1 ← GET /x?%74oken=•••;b=c HTTP/1.1');
  expect(lines).toContain('#1 ←   X-Api-Key: •••');
  expect(lines.slice(-4)).toEqual([
    String.raw`#1 ← TEXT fin mask=37fa213d len=39 "\u001b[31m red \u009b \u202e back\nnext #9 ← TEXT"`.replace(
      /len=\d+/,
      `len=${Buffer.byteLength('\u001b[31m red \u009b \u202e back\nnext #9 ← TEXT')}`,
    ),
    '#1 ← TEXT mask=37fa213d len=2 ""',
    '#1 ← CONTINUATION fin mask=37fa213d len=2 "!"',
    // 125 bytes are looked at: 41 characters and two thirds of one.
    `#1 ← TEXT fin mask=37fa213d len=300 "${'€'.repeat(41)}"…`,
  ]);
});

describe('debug: true', () => {
  it('prints to standard error', async () => {
    const written: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    });
    const { port } = await logged(defineEndpoint('/x', { onText: (text) => text }), { debug: true });
    const peer = await RawPeer.open(port, '/x');
    await peer.frame(0x81, 'Hello', 7);
    expect(written.slice(-2)).toEqual(['#1 ← TEXT fin mask=37fa213d len=5 "Hello"\n', '#1 → TEXT fin len=5 "Hello"\n']);
  });

  it('that is neither true, false nor a wire log is refused', () => {
    expect(() => new EndpointContainer({ debug: 'yes' as unknown as true })).toThrow('debug is true, false or what');
  });
});

it.each(waysToFail)(
  'a log whose write $form with $what ends with one warning, and the conversation goes on',
  async (given) => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => {
      // Node may warn of something else meanwhile.
      if (warning.message.startsWith('the wire log')) warnings.push(warning);
    };
    process.on('warning', onWarning);
    undo.push(() => process.off('warning', onWarning));
    const debug = wireLog(given.fail(given.value));
    const { port } = await logged(defineEndpoint('/x', { onText: (text) => text }), { debug });
    const peer = await RawPeer.open(port, '/x');
    await peer.frame(0x81, 'Hello', 7);
    await peer.frame(0x81, 'Hello', 7);
    await until(() => warnings.length > 0);
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^the wire log cannot be written and has ended: /),
    ]);
  },
);
