// Handshakes that are too large, malformed, hide a second request, or break off. Rows 4-7 of docs/fault-catalogue.md.

import { inParallel } from '@longwire/test-support/in-parallel';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { checkHandshake, resolveWebSocketOptions } from '@longwire/websocket';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type UpgradeRequestParts, upgradeRequest } from '../harness/handshake-text.js';
import type { HttpAnswer } from '../harness/http-answer.js';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

export interface OddRequestScale {
  /** Broken-off handshakes for each way of breaking off. */
  readonly cutRounds: number;
  /** Requests with an upgrade that is not ours, one after the other on one connection. */
  readonly strangeUpgrades: number;
}

interface OddRequest {
  readonly title: string;
  readonly parts: UpgradeRequestParts;
  readonly statuses: readonly number[];
}

const repeated = (count: number, line: (index: number) => string) => Array.from({ length: count }, (_, n) => line(n));
const HIDDEN = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

/** Row 4: too much, and names that mean something to JavaScript. */
const largeOrNamed: readonly OddRequest[] = [
  { title: '2 000 headers', parts: { lines: repeated(2_000, (n) => `X-${n}: 1`) }, statuses: [431] },
  { title: '150 headers', parts: { lines: repeated(150, (n) => `X-${n}: 1`) }, statuses: [431] },
  { title: '2 000 empty headers', parts: { lines: repeated(2_000, () => 'X:') }, statuses: [431] },
  {
    title: 'Upgrade beyond the number of headers that is counted',
    parts: {
      without: ['upgrade', 'connection'],
      lines: [...repeated(1_999, (n) => `X-${n}: 1`), 'Upgrade: websocket', 'Connection: Upgrade'],
    },
    statuses: [431],
  },
  { title: 'one header of 64 KiB', parts: { lines: [`X: ${'a'.repeat(65_536)}`] }, statuses: [431] },
  {
    title: '64 headers of 1 KiB',
    parts: { lines: repeated(64, (n) => `X-${n}: ${'a'.repeat(1_024)}`) },
    statuses: [431],
  },
  { title: 'a name of 60 KiB', parts: { lines: [`${'a'.repeat(61_440)}: 1`] }, statuses: [431] },
  { title: 'a query of 60 KiB', parts: { path: `/v1/connect?${'a'.repeat(61_440)}` }, statuses: [400, 414, 431] },
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'].map((name) => ({
    title: `the header ${name}`,
    parts: { lines: [`${name}: 1`, `${name}: 2`] },
    statuses: [101],
  })),
  ...['__proto__', 'constructor', 'toString'].map((name) => ({
    title: `the extension and subprotocol ${name}`,
    parts: { lines: [`Sec-WebSocket-Extensions: ${name}; ${name}=${name}`, `Sec-WebSocket-Protocol: ${name}`] },
    statuses: [400],
  })),
  { title: 'NUL in a value', parts: { lines: ['X: a\0b'] }, statuses: [400] },
  { title: 'a bare CR in a value', parts: { lines: ['X: a\rb'] }, statuses: [400] },
  { title: 'a folded line', parts: { lines: ['X: a', ' b'] }, statuses: [400, 101] },
  { title: 'a line without a colon', parts: { lines: ['nonsense'] }, statuses: [400] },
  { title: 'a space before the colon', parts: { lines: ['X : 1'] }, statuses: [400] },
  { title: 'no name', parts: { lines: [': 1'] }, statuses: [400] },
  { title: 'two hosts', parts: { lines: ['Host: evil.example'] }, statuses: [400] },
  { title: 'two keys', parts: { lines: ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='] }, statuses: [400] },
  { title: 'two versions', parts: { lines: ['Sec-WebSocket-Version: 13'] }, statuses: [400] },
  {
    title: 'two origins',
    parts: { lines: ['Origin: http://127.0.0.1', 'Origin: http://evil.example'] },
    statuses: [400, 403],
  },
  { title: 'bytes above 127', parts: { lines: ['X: \xff\xfe'] }, statuses: [101] },
];

/** Row 6: requests that RFC 6455 does not allow as handshakes, and bodies in which a second request could hide. */
const wrongOrSmuggling: readonly OddRequest[] = [
  { title: 'no key', parts: { without: ['sec-websocket-key'] }, statuses: [400] },
  ...['', 'short', 'dGhlIHNhbXBsZSBub25jZQ', 'dGhlIHNhbXBsZSBub25jZQ=x', 'dGhlIHNhbXBsZSBub25jZSBub25jZQ=='].map(
    (key) => ({
      title: `the key ${JSON.stringify(key)}`,
      parts: { without: ['sec-websocket-key'], lines: [`Sec-WebSocket-Key: ${key}`] },
      statuses: [400],
    }),
  ),
  ...['8', '25', '0', '', '013', '13, 8'].map((version) => ({
    title: `version ${JSON.stringify(version)}`,
    parts: { without: ['sec-websocket-version'], lines: [`Sec-WebSocket-Version: ${version}`] },
    statuses: [426],
  })),
  { title: 'POST', parts: { method: 'POST' }, statuses: [405] },
  { title: 'HEAD', parts: { method: 'HEAD' }, statuses: [405] },
  { title: 'HTTP/1.0', parts: { version: 'HTTP/1.0' }, statuses: [400] },
  { title: 'HTTP/2.0', parts: { version: 'HTTP/2.0' }, statuses: [400, 505] },
  { title: 'no host', parts: { without: ['host'] }, statuses: [400] },
  { title: 'no Upgrade', parts: { without: ['upgrade', 'connection'] }, statuses: [426] },
  {
    title: 'Upgrade without Connection',
    parts: { without: ['connection'], lines: ['Connection: close'] },
    statuses: [426],
  },
  {
    title: 'Content-Length with a request as the body',
    parts: { lines: [`Content-Length: ${HIDDEN.length}`], body: HIDDEN },
    statuses: [400],
  },
  {
    title: 'Content-Length 0 with a request behind it',
    parts: { lines: ['Content-Length: 1'], body: HIDDEN },
    statuses: [400],
  },
  {
    title: 'chunked with a request in it',
    parts: { lines: ['Transfer-Encoding: chunked'], body: `0\r\n\r\n${HIDDEN}` },
    statuses: [400],
  },
  {
    title: 'both lengths',
    parts: { lines: ['Content-Length: 5', 'Transfer-Encoding: chunked'], body: `0\r\n\r\n${HIDDEN}` },
    statuses: [400],
  },
  {
    title: 'two different lengths',
    parts: { lines: ['Content-Length: 0', `Content-Length: ${HIDDEN.length}`], body: HIDDEN },
    statuses: [400],
  },
  { title: 'a negative length', parts: { lines: ['Content-Length: -1'], body: HIDDEN }, statuses: [400] },
  {
    title: 'a wrong version with a request behind it',
    parts: { without: ['sec-websocket-version'], body: HIDDEN },
    statuses: [426],
  },
  {
    title: 'POST with a request as the body',
    parts: { method: 'POST', lines: [`Content-Length: ${HIDDEN.length}`], body: HIDDEN },
    statuses: [400, 405],
  },
];

/** Row 5: input that makes backtracking parsers slow. */
const lists: Readonly<Record<string, (bytes: number) => string>> = {
  spaces: (bytes) => ' '.repeat(bytes),
  commas: (bytes) => ','.repeat(bytes),
  'commas and spaces': (bytes) => ' ,'.repeat(bytes / 2),
  'an open quote with escapes': (bytes) => `a; b="${'\\c'.repeat(bytes / 2)}`,
  'one parameter repeated': (bytes) => `permessage-deflate${'; a=b'.repeat(bytes / 5)}`,
  'repeated offers': (bytes) => 'permessage-deflate; server_max_window_bits=7, '.repeat(bytes / 46),
  semicolons: (bytes) => `a${';'.repeat(bytes)}`,
  'a token, then spaces': (bytes) => `a${' '.repeat(bytes)}b`,
};

export function describeOddRequests(scale: OddRequestScale): void {
  describe('malformed handshakes', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.gateway();
    });
    afterAll(() => target.stop());

    it('are answered with 431 or 400 when headers are too many, too long or malformed; __proto__ is a header like any other (row 4)', async () => {
      await target.unharmed(() => askAll(target, largeOrNamed));
    });

    it('are refused with 400, 405 or 426, and a request hidden behind them is never executed (row 6)', async () => {
      await target.unharmed(() => askAll(target, wrongOrSmuggling));
    });

    it('of another version get 426 with Sec-WebSocket-Version: 13 (row 6)', async () => {
      const parts = { without: ['sec-websocket-version'], lines: ['Sec-WebSocket-Version: 8'] };
      const { answer, peer } = await ask(target, parts);
      peer.destroy();
      expect(answer.headers.get('sec-websocket-version')).toBe('13');
      expect(answer.headers.get('connection')).toContain('close');
    });

    it('with Upgrade: h2c are answered as plain requests, in constant memory on one connection (row 6)', async () => {
      await target.unharmed(async () => {
        const peer = new RawSocket(target.port);
        const request = { path: '/healthz', without: ['upgrade'], lines: ['Upgrade: h2c'] };
        for (let n = 0; n < scale.strangeUpgrades; n++) {
          peer.send(upgradeRequest(target.port, request));
          expect((await peer.answer()).status).toBe(200);
        }
        // Last: from Node 24.9 on, a request with a body ends the connection.
        const lines = [...request.lines, 'Content-Length: 2'];
        peer.send(upgradeRequest(target.port, { ...request, lines, body: 'ab' }));
        expect((await peer.answer()).status).toBe(200);
        peer.destroy();
      });
    });

    it('cost time linear in the length of Sec-WebSocket-Extensions and Sec-WebSocket-Protocol (row 5)', async () => {
      await target.unharmed(async () => {
        for (const [name, list] of Object.entries(lists)) {
          for (const header of ['Sec-WebSocket-Extensions', 'Sec-WebSocket-Protocol']) {
            expect(await tookMs(header, list(60 * 1_024)), `${header} of ${name}, ms`).toBeLessThan(100);
            const ratio = await growth(header, list);
            expect(ratio, `${header} of ${name}: t(64k) / t(8k)`).toBeLessThan(8 * 3);
            // As much as fits below the limit of all headers.
            const { answer, peer } = await ask(target, { lines: [`${header}: ${list(12 * 1_024)}`] });
            expect([101, 400], `${header} of ${name}`).toContain(answer.status);
            peer.destroy();
          }
        }
      });
    });

    it.each(['reset', 'half-close', 'close'] as const)('may break off by %s at any byte (row 7)', async (how) => {
      await target.unharmed(async () => {
        const text = Buffer.from(upgradeRequest(target.port, { lines: ['Sec-WebSocket-Protocol: longwire.v1.json'] }));
        await inParallel(scale.cutRounds, 20, async (round) => {
          const peer = new RawSocket(target.port);
          await until(() => peer.isConnected || peer.isClosed, 'a connection');
          const cut = round % (text.length + 1);
          if (cut > 0) await peer.sendFully(text.subarray(0, cut));
          if (how === 'reset') peer.reset();
          else if (how === 'close') peer.destroy();
          else {
            peer.halfClose();
            await peer.ended();
            peer.destroy();
          }
        });
        const survivor = await WireClient.signIn(target.url, 'survivor');
        await survivor.end();
      });
    });
  });
}

async function ask(
  target: Target,
  parts: UpgradeRequestParts,
): Promise<{ readonly answer: HttpAnswer; readonly peer: RawSocket }> {
  const peer = new RawSocket(target.port);
  peer.send(Buffer.from(upgradeRequest(target.port, parts), 'latin1'));
  // What is refused early is not read to its end; both sides must come to one all the same.
  return { answer: await peer.answer(), peer };
}

async function askAll(target: Target, requests: readonly OddRequest[]): Promise<void> {
  const wrong: string[] = [];
  await inParallel(requests.length, 4, async (index) => {
    const { title, parts, statuses } = requests[index]!;
    const { answer, peer } = await ask(target, parts);
    if (!statuses.includes(answer.status)) wrong.push(`${title}: ${answer.status} instead of ${statuses.join(' or ')}`);
    if (answer.status !== 101) {
      await peer.ended();
      // A second answer would mean that something hidden in the first request was executed.
      if (peer.received.includes('HTTP/1.1')) wrong.push(`${title}: a second answer`);
    }
    peer.destroy();
  });
  expect(wrong).toEqual([]);
}

const generous = resolveWebSocketOptions({ maxHeaderBytes: 1_048_576, perMessageDeflate: true });

/** The best of several: what else the machine does only adds. */
async function tookMs(header: string, value: string): Promise<number> {
  const rawHeaders = [
    ...['Host', '127.0.0.1', 'Upgrade', 'websocket', 'Connection', 'Upgrade'],
    ...['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version', '13', header, value],
  ];
  let bestMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 9; round++) {
    const startedAt = performance.now();
    checkHandshake({ method: 'GET', httpVersion: '1.1', rawHeaders }, generous);
    bestMs = Math.min(bestMs, performance.now() - startedAt);
  }
  return bestMs;
}

async function growth(header: string, list: (bytes: number) => string): Promise<number> {
  const small = await tookMs(header, list(8 * 1_024));
  const large = await tookMs(header, list(64 * 1_024));
  // Below a tenth of a millisecond the clock says more about the machine than about the parser.
  return large / Math.max(small, 0.1);
}
