// Packed header lines give what node:http makes of them.
import { once } from 'node:events';
import { createServer, IncomingMessage } from 'node:http';
import { type AddressInfo, connect, Socket } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findHeader, findPackedHeader, packHeaders, unpackHeaders } from '../../src/handshake/header-lines.js';

/** What Node makes of header lines: the method with which its parser adds them. */
function headersOfNode(rawHeaders: string[]): unknown {
  const message = new IncomingMessage(new Socket()) as IncomingMessage & {
    _addHeaderLines(lines: string[], count: number): void;
  };
  message.rawHeaders = rawHeaders;
  message._addHeaderLines(rawHeaders, rawHeaders.length);
  return message.headers;
}

const name = fc.oneof(
  fc.constantFrom(
    ...['Host', 'HOST', 'origin', 'Cookie', 'cookie', 'Set-Cookie', 'set-cookie', 'Authorization', 'authorization'],
    ...['User-Agent', 'X-A', 'x-a', 'Upgrade', 'Sec-WebSocket-Protocol', 'Content-Length', 'ETag', 'Forwarded'],
    ...['Host', 'Connection', 'Sec-WebSocket-Version', 'Sec-WebSocket-Key', 'Accept-Encoding', 'websocket', '13'],
    ...['__proto__', 'constructor', 'toString', 'hasOwnProperty'],
  ),
  fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}$/),
);
// Everything that HTTP allows in a value, colons and the names of headers included.
const value = fc.oneof(name, fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,20}$/));

it('unpackHeaders(packHeaders(lines)) is what IncomingMessage makes of the lines', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (lines) => {
      const rawHeaders = lines.flat();
      expect(unpackHeaders(packHeaders(rawHeaders))).toEqual(headersOfNode(rawHeaders));
      for (const wanted of ['host', 'origin']) {
        const [first] = lines.filter(([given]) => given.toLowerCase() === wanted);
        expect(findHeader(rawHeaders, wanted)).toBe(first?.[1]);
        expect(findPackedHeader(packHeaders(rawHeaders), wanted)).toBe(first?.[1]);
      }
    }),
    { numRuns: 2_000 },
  );
});

it('unpackHeaders(packHeaders(rawHeaders)) is request.headers of a request that came over a socket', async () => {
  const server = createServer((request, response) => {
    expect(unpackHeaders(packHeaders(request.rawHeaders))).toEqual(request.headers);
    response.end('same');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.end(
    'GET / HTTP/1.1\r\nHost: a.example\r\nCookie: a=1\r\ncookie: b=2\r\nX-Empty:\r\nx-host: Host\r\nHost-X: host\r\n' +
      'Set-Cookie: c\r\nSet-Cookie: d\r\nX-Latin: \xe9\r\nConnection: close\r\n\r\n',
    'latin1',
  );
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  expect(answer).toContain('same');
  server.close();
});
