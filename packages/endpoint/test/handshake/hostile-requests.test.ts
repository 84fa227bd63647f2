// Requests that no browser sends: paths, headers and connections that end anywhere. Rows 4, 7 and 11 of
// docs/fault-catalogue.md, for endpoints whose hooks take their time.
import { once } from 'node:events';
import { connect } from 'node:net';
import { until } from '@longwire/test-support/until';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Configurator, defineEndpoint } from '../../src/index.js';
import { PathTable } from '../../src/paths/path-table.js';
import { PathTemplate } from '../../src/paths/path-template.js';
import { serve } from '../serving.js';

const slowHooks: Configurator = {
  checkOrigin: async () => true,
  authenticate: () => new Promise((resolve) => setTimeout(resolve, 1, { name: 'alice' })),
  selectSubprotocol: async () => undefined,
  modifyHandshake: async (request, response) => response.addHeader('X-Path', encodeURIComponent(request.requestedPath)),
};

const handshake = (path: string, lines: readonly string[] = []): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...lines,
    '',
    '',
  ].join('\r\n');

/** The first line of the answer, '' when there is none. */
async function answerTo(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  socket.on('error', () => {});
  socket.write(request, 'latin1');
  while (!answer.includes('\r\n') && !socket.readableEnded && !socket.destroyed) {
    await Promise.race([once(socket, 'data'), once(socket, 'end'), once(socket, 'close')]).catch(() => {});
  }
  socket.destroy();
  return answer.slice(0, answer.indexOf('\r\n'));
}

it('PathTable.find returns no parameter that could leave a folder, for 10 000 hostile paths (row 11)', () => {
  const table = new PathTable<string>();
  for (const path of ['/a/{x}', '/a/{x}/b', '/{x}', '/{x}/{y}/{z}', '/a/b']) table.add(new PathTemplate(path), path);
  const piece = fc.oneof(
    fc.constantFrom(
      'a',
      'b',
      '/',
      '//',
      '.',
      '..',
      '%2e',
      '%2E%2e',
      '%2f',
      '%5c',
      '\\',
      '%00',
      '%',
      '%c0%ae',
      '%u002e',
      ';',
    ),
    fc.string({ maxLength: 4, unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const found = table.find(`/${pieces.join('')}`);
      if (found.kind !== 'found') return;
      for (const value of Object.values(found.parameters)) {
        expect(value).not.toMatch(/^\.{0,2}$/);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
        expect(value).not.toMatch(/[\x00-\x1f\x7f]/);
      }
    }),
    { numRuns: 10_000 },
  );
});

it.each<[path: string, status: number]>([
  ['/room/x', 101],
  ['http://localhost/room/x', 101],
  ['/room/%2e%2e%2fsecret', 101],
  ['/room/..', 400],
  ['/room/%2e%2e', 400],
  ['/room/../room/x', 400],
  ['/room/./x', 400],
  ['/room//x', 404],
  ['//room/x', 404],
  ['/room/%00', 400],
  ['/room/%c0%ae', 400],
  ['/room/%', 400],
  ['/%zz/x', 400],
  ['*', 404],
  [`/room/x?${'q'.repeat(14_000)}`, 101],
])('answers the request target %s with %s (row 11)', async (target, status) => {
  const serving = await serve([defineEndpoint('/room/{name}', { configurator: slowHooks })]);
  expect(await answerTo(serving.port, handshake(target))).toMatch(`HTTP/1.1 ${status} `);
  expect(serving.unhandled).toEqual([]);
});

it.each<[what: string, lines: string[], statuses: number[]]>([
  ['__proto__', ['__proto__: x', 'X: y'], [101]],
  ['constructor and its like', ['constructor: x', 'toString: x', 'hasOwnProperty: x', '__defineGetter__: x'], [101]],
  ['__proto__ as an extension', ['Sec-WebSocket-Extensions: __proto__; constructor=1, toString'], [101]],
  ['__proto__ as a subprotocol', ['Sec-WebSocket-Protocol: __proto__, constructor'], [101]],
  ['__proto__ in Forwarded', ['Forwarded: __proto__=x;constructor=y'], [101]],
  ['an empty origin twice', ['Origin: ', 'Origin: '], [400]],
  ['2 000 header lines', Array.from({ length: 2_000 }, (_, index) => `X-${index}: y`), [431]],
  ['more header lines than node:http keeps', Array.from({ length: 3_000 }, (_, index) => `X${index}:`), [400, 431]],
  ['64 KiB of headers', [`X: ${'y'.repeat(65_536)}`], [431]],
  ['60 KiB of commas', [`Sec-WebSocket-Protocol: ${','.repeat(15_000)}`], [400, 431]],
])('answers headers with %s and reports nothing to onUnhandledError (row 4)', async (_what, lines, statuses) => {
  const serving = await serve([defineEndpoint('/x', { configurator: slowHooks })], { trustedProxies: ['loopback'] });
  const answer = await answerTo(serving.port, handshake('/x', lines));
  expect(statuses).toContain(Number(answer.split(' ')[1]));
  expect(serving.unhandled).toEqual([]);
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});

it.each([
  ['a reset', (socket: ReturnType<typeof connect>) => void socket.resetAndDestroy()],
  ['a half-close', (socket: ReturnType<typeof connect>) => void socket.end()],
])(
  '%s after any number of bytes of the handshake leaves no session and no connection open (row 7)',
  async (_what, cut) => {
    let [opened, closed] = [0, 0];
    const endpoint = defineEndpoint('/x', {
      configurator: slowHooks,
      onOpen: () => void opened++,
      onClose: () => void closed++,
    });
    const serving = await serve([endpoint, defineEndpoint('/healthy', { onText: (message) => message })]);
    const healthy = await serving.connect('/healthy');
    const request = handshake('/x');
    const sockets: ReturnType<typeof connect>[] = [];
    for (let bytes = 0; bytes <= request.length; bytes += 3) {
      const socket = connect(serving.port, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(request.slice(0, bytes));
      cut(socket);
      socket.resume();
    }
    await Promise.all(sockets.map((socket) => (socket.closed ? undefined : once(socket, 'close'))));
    healthy.send('still here');
    expect(await healthy.received(1)).toEqual(['still here']);
    await until(() => opened === closed && serving.connections() === 1, 'only the healthy connection is left');
    expect(serving.container.endpoints().get('/x')!.openSessions()).toEqual([]);
    expect(serving.unhandled.filter(({ context }) => context.during !== 'session')).toEqual([]);
  },
);
