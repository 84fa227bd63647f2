// RFC 6455 §4.2-§4.4: what a server answers to a handshake, as text on a real socket.
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import type { AcceptOptions } from '../../src/handshake/accept.js';
import { refusal, refuseHandshake, upgradeRefusal } from '../../src/handshake/refusal.js';
import type { WebSocketOptions } from '../../src/options.js';
import { maskedFrame } from '../support/hex.js';
import { HANDSHAKE_LINES, LiveServer } from '../support/live.js';
import { Wire } from './wire.js';

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(options: WebSocketOptions = {}, settings: Partial<AcceptOptions> = {}): Promise<LiveServer> {
  const server = await LiveServer.start(options, settings);
  closers.push(() => server.stop());
  return server;
}

function wireTo(port: number): Wire {
  const wire = new Wire(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
  closers.push(() => wire.socket.destroy());
  return wire;
}

/** The answer to these lines, and whether the connection stayed. */
async function answerTo(port: number, lines: readonly string[], body = ''): Promise<{ header: string; wire: Wire }> {
  const wire = wireTo(port);
  wire.send(`${lines.join('\r\n')}\r\n\r\n${body}`);
  return { header: await wire.httpHeader(), wire };
}

const without = (name: string): string[] => HANDSHAKE_LINES.filter((line) => !line.startsWith(`${name}:`));
const withLine = (name: string, value: string): string[] => [...without(name), `${name}: ${value}`];

describe('a handshake that breaks §4.2.1', () => {
  const FAULTS: ReadonlyArray<readonly [what: string, status: number, lines: readonly string[]]> = [
    ['another method', 405, ['POST / HTTP/1.1', ...HANDSHAKE_LINES.slice(1), 'Content-Length: 0']],
    ['HTTP/1.0', 400, ['GET / HTTP/1.0', ...HANDSHAKE_LINES.slice(1)]],
    ['no Host', 400, without('Host')],
    ['no Upgrade', 426, without('Upgrade')],
    ['another Upgrade', 426, withLine('Upgrade', 'h2c')],
    ['no Connection token', 426, withLine('Connection', 'keep-alive, Upgradex')],
    ['no key', 400, without('Sec-WebSocket-Key')],
    ['a key of 15 bytes', 400, withLine('Sec-WebSocket-Key', Buffer.alloc(15).toString('base64'))],
    ['a key of 17 bytes', 400, withLine('Sec-WebSocket-Key', Buffer.alloc(17).toString('base64'))],
    ['a key in another alphabet', 400, withLine('Sec-WebSocket-Key', '-_AAAAAAAAAAAAAAAAAAAA==')],
    ['two keys', 400, [...HANDSHAKE_LINES, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']],
    ['no version', 426, without('Sec-WebSocket-Version')],
    ['version 8', 426, withLine('Sec-WebSocket-Version', '8')],
    ['version 013', 426, withLine('Sec-WebSocket-Version', '013')],
    ['version 255', 426, withLine('Sec-WebSocket-Version', '255')],
    ['two versions', 400, [...HANDSHAKE_LINES, 'Sec-WebSocket-Version: 13']],
    ['a subprotocol with a space', 400, [...HANDSHAKE_LINES, 'Sec-WebSocket-Protocol: chat room']],
    ['a subprotocol with a separator', 400, [...HANDSHAKE_LINES, 'Sec-WebSocket-Protocol: chat/1']],
    ['a subprotocol twice', 400, [...HANDSHAKE_LINES, 'Sec-WebSocket-Protocol: a', 'Sec-WebSocket-Protocol: a']],
    ['an extension without a name', 400, [...HANDSHAKE_LINES, 'Sec-WebSocket-Extensions: ; a=1']],
    ['a quoted parameter that is no token', 400, [...HANDSHAKE_LINES, 'Sec-WebSocket-Extensions: a; b="c d"']],
    ['a quoted parameter without end', 400, [...HANDSHAKE_LINES, 'Sec-WebSocket-Extensions: a; b="c']],
  ];

  it('is refused with a fitting status, names version 13, and ends the connection', async () => {
    const server = await start({ perMessageDeflate: true });
    // What Node takes for an ordinary request, the owner of the http server answers.
    server.http.on('request', (request) => refuseHandshake(request.socket, upgradeRefusal('WebSocket only')));
    for (const [what, status, lines] of FAULTS) {
      const { header, wire } = await answerTo(server.port, lines);
      expect(header.split('\r\n')[0], what).toContain(` ${status} `);
      // Node itself answers a request without Host, before any listener.
      if (what !== 'no Host') expect(header, what).toMatch(/^Sec-WebSocket-Version: 13\r$/m);
      await until(() => wire.hasEnded);
    }
    expect(server.connections).toEqual([]);
  });

  it('does not touch frames that were sent behind it', async () => {
    const server = await start();
    const wire = wireTo(server.port);
    const lines = withLine('Sec-WebSocket-Version', '12');
    wire.send(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), maskedFrame(0x81, 'early')]));
    expect(await wire.httpHeader()).toContain('426 Upgrade Required');
    await until(() => wire.hasEnded);
    expect(server.log.order).toEqual([]);
  });
});

describe('a handshake that may differ in form', () => {
  it('is taken whatever the case of names and keywords, the order of lines, and what else is there', async () => {
    const server = await start();
    const { header } = await answerTo(server.port, [
      'GET /any/resource?name=1 HTTP/1.1',
      'x-unknown: ignored',
      'SEC-WEBSOCKET-VERSION: 13',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
      'CONNECTION: keep-alive, UPGRADE',
      'upgrade: h2c, WEBSOCKET',
      'hOsT: 127.0.0.1',
      'Cookie: a=b',
      'Authorization: Basic YTpi',
    ]);
    expect(header).toMatch(/^HTTP\/1\.1 101 /);
    expect(header).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n');
    expect(server.upgrades[0]!.url).toBe('/any/resource?name=1');
  });

  it('is taken with its lists split over several lines', async () => {
    const server = await start({ perMessageDeflate: true }, { subprotocols: ['c'] });
    const { header } = await answerTo(server.port, [
      ...HANDSHAKE_LINES,
      'Sec-WebSocket-Protocol: a, b',
      'Sec-WebSocket-Protocol: c',
      'Sec-WebSocket-Extensions: x-first; y=1',
      'Sec-WebSocket-Extensions: permessage-deflate',
    ]);
    expect(header).toContain('Sec-WebSocket-Protocol: c\r\n');
    expect(header).toContain('Sec-WebSocket-Extensions: permessage-deflate;');
  });
});

describe('the answer, §4.2.2', () => {
  it('has status 101, Upgrade, Connection and the accept key, and no header of what was not agreed', async () => {
    const server = await start();
    const { header } = await answerTo(server.port, [
      ...HANDSHAKE_LINES,
      'Sec-WebSocket-Protocol: chat',
      'Sec-WebSocket-Extensions: permessage-deflate',
    ]);
    expect(header).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
    );
  });

  it('names one subprotocol, one of those offered, in the case in which it was offered', async () => {
    const server = await start({}, { subprotocols: ['B', 'b', 'a'] });
    const { header } = await answerTo(server.port, [...HANDSHAKE_LINES, 'Sec-WebSocket-Protocol: a, b']);
    expect(header.match(/^Sec-WebSocket-Protocol: .*$/gm)).toEqual(['Sec-WebSocket-Protocol: b']);
  });

  it('names no subprotocol when none of those offered is spoken here', async () => {
    const server = await start({}, { subprotocols: ['x'] });
    const { header, wire } = await answerTo(server.port, [...HANDSHAKE_LINES, 'Sec-WebSocket-Protocol: a, b']);
    expect(header).toMatch(/^HTTP\/1\.1 101 /);
    expect(header).not.toMatch(/^Sec-WebSocket-Protocol/m);
    expect((await server.connection()).subprotocol).toBe('');
    wire.send(maskedFrame(0x81, 'open'));
    await until(() => server.log.texts.length === 1);
  });

  it('names no extension that was not offered', async () => {
    const server = await start({ perMessageDeflate: true });
    for (const lines of [[], ['Sec-WebSocket-Extensions: permessage-bzip2'], ['Sec-WebSocket-Extensions: ']]) {
      const { header } = await answerTo(server.port, [...HANDSHAKE_LINES, ...lines]);
      expect(header).toMatch(/^HTTP\/1\.1 101 /);
      expect(header).not.toMatch(/^Sec-WebSocket-Extensions/m);
    }
  });

  it('leaves it to the owner to refuse a path or an origin, with any status', async () => {
    const http = createServer();
    http.on('upgrade', (request, socket) => {
      refuseHandshake(socket, request.url === '/chat' ? refusal(403, 'Not this origin') : refusal(404, 'Nothing here'));
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    closers.push(() => http.close());
    const { port } = http.address() as AddressInfo;
    const foreign = await answerTo(port, [
      'GET /chat HTTP/1.1',
      ...HANDSHAKE_LINES.slice(1),
      'Origin: http://evil.example',
    ]);
    expect(foreign.header).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    const absent = await answerTo(port, ['GET /absent HTTP/1.1', ...HANDSHAKE_LINES.slice(1)]);
    expect(absent.header).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    await until(() => foreign.wire.hasEnded && absent.wire.hasEnded);
  });

  it('is followed by frames at once', async () => {
    const server = await start();
    const wire = wireTo(server.port);
    wire.send(Buffer.concat([Buffer.from(`${HANDSHAKE_LINES.join('\r\n')}\r\n\r\n`), maskedFrame(0x89, 'p')]));
    (await server.connection()).sendText('first');
    await wire.httpHeader();
    expect((await wire.framesOf(2)).map(({ payload }) => payload.toString()).sort()).toEqual(['first', 'p']);
  });
});
