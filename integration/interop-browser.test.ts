// A real browser against the engine: everything a page can do with a WebSocket.

import { chromiumArguments, findChromium } from '@longwire/test-support/chromium';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { type EchoServer, KEEPS_WINDOWS, LARGE_BYTES, startEchoServer } from './interop-echo.js';

let browser: Browser | undefined;
let reason = '';

beforeAll(async () => {
  const found = await findChromium();
  if (found.path === undefined) {
    reason = found.reason;
    return;
  }
  browser = await chromium.launch({ executablePath: found.path, args: chromiumArguments });
}, 60_000);

afterAll(() => browser?.close());

/** What happened to one WebSocket of the page. */
interface Seen {
  readonly protocol: string;
  readonly extensions: string;
  /** Texts as they came; binaries as "bytes n sum". */
  readonly messages: string[];
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

interface Plan {
  readonly url: string;
  readonly subprotocols: string[];
  /** Sent one after the other, each after the answer to the last; a number stands for that many bytes. */
  readonly sends: Array<string | number>;
  /** How the page closes at the end; none: the server does. */
  readonly closeWith?: [code: number, reason: string];
}

/** Runs in the page. */
function runInPage(plan: Plan): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(plan.url, plan.subprotocols);
    socket.binaryType = 'arraybuffer';
    const messages: string[] = [];
    let next = 0;
    const sendNext = (): void => {
      const item = plan.sends[next++];
      if (item === undefined) {
        if (plan.closeWith !== undefined) socket.close(...plan.closeWith);
      } else if (typeof item === 'string') {
        socket.send(item);
      } else {
        socket.send(new Uint8Array(item).map((_, index) => index % 251));
      }
    };
    socket.onopen = sendNext;
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') {
        messages.push(data);
      } else {
        let sum = 0;
        for (const byte of new Uint8Array(data)) sum += byte;
        messages.push(`bytes ${data.byteLength} ${sum}`);
      }
      sendNext();
    };
    socket.onerror = () => reject(new Error('the page saw an error'));
    socket.onclose = ({ code, reason, wasClean }) => {
      const { protocol, extensions } = socket;
      resolve({ protocol, extensions, messages, code, reason, wasClean });
    };
  });
}

function bytesLine(length: number): string {
  let sum = 0;
  for (let index = 0; index < length; index++) sum += index % 251;
  return `bytes ${length} ${sum}`;
}

describe.each([
  ['without compression', false],
  ['forgetting on both sides', { thresholdBytes: 0 }],
  ['keeping windows', KEEPS_WINDOWS],
] as const)('Chromium, %s', (_title, perMessageDeflate) => {
  async function withPage(
    context: TestContext,
    subprotocols: readonly string[],
    act: (page: Page, server: EchoServer) => Promise<void>,
  ): Promise<void> {
    if (browser === undefined) {
      if (process.env.CI) throw new Error(`no browser: ${reason}`);
      return context.skip(`no browser: ${reason}`);
    }
    const server = await startEchoServer(perMessageDeflate, subprotocols);
    const page = await browser.newPage();
    try {
      await page.goto(server.origin);
      await act(page, server);
    } finally {
      await page.close();
      await server.stop();
    }
  }

  it('exchanges text, binary, fragmented and large messages both ways', async (context) => {
    await withPage(context, [], async (page, server) => {
      const largeBytes = perMessageDeflate === false ? LARGE_BYTES : LARGE_BYTES / 8;
      const large = 'κόσμε 🎈 '.repeat(100_000);
      const seen = await page.evaluate(runInPage, {
        url: server.url,
        subprotocols: [],
        sends: ['', 'Hello', 'κόσμε 🎈', 'stream 20', 0, 1, 65_536, largeBytes, large],
        closeWith: [3001, 'done'] as [number, string],
      });
      const fragments = Array.from({ length: 20 }, (_, index) => `${index},`).join('');
      expect(seen.messages.slice(0, -1)).toEqual([
        ...['', 'Hello', 'κόσμε 🎈', fragments],
        ...[0, 1, 65_536, largeBytes].map(bytesLine),
      ]);
      expect(seen.messages.at(-1) === large).toBe(true);
      expect(seen).toMatchObject({ code: 3001, wasClean: true });
      expect(seen.extensions).toMatch(perMessageDeflate === false ? /^$/ : /^permessage-deflate/);
      expect(server.closes).toEqual([
        { code: 3001, reason: 'done', wasClean: true, initiator: 'remote', error: undefined },
      ]);
    });
  }, 90_000);

  it('gives the page the close code and reason of the server', async (context) => {
    await withPage(context, [], async (page, server) => {
      for (const [code, why] of [
        [1000, ''],
        [1001, 'going'],
        [1011, 'größer'],
        [4999, 'mine'],
      ] as const) {
        const sends = [`close ${code} ${why}`];
        const seen = await page.evaluate(runInPage, { url: server.url, subprotocols: [], sends });
        expect(seen).toMatchObject({ code, reason: why, wasClean: true });
      }
    });
  });

  it('negotiates a subprotocol, and fails the connection where none matches', async (context) => {
    await withPage(context, ['b', 'c'], async (page, server) => {
      const closeWith: [number, string] = [1000, ''];
      const plan = { url: server.url, subprotocols: ['a', 'b', 'c'], sends: ['x'], closeWith };
      expect(await page.evaluate(runInPage, plan)).toMatchObject({ protocol: 'b', messages: ['x'], code: 1000 });
      // Offered something, answered nothing: Chromium refuses the connection.
      await expect(page.evaluate(runInPage, { ...plan, subprotocols: ['z'] })).rejects.toThrow('the page saw an error');
    });
  });
});
