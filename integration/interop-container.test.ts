// Clients of other people against the container: Tomcat's in Java, Python's websockets, Node's own WebSocket, ws, Chromium. Each is started
// once and walks through the same endpoints three times.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromiumArguments, findChromium } from '@longwire/test-support/chromium';
import { findPythonWithWebsockets, findTomcatClient } from '@longwire/test-support/test-peers';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { WebSocket as WsWebSocket } from 'ws';
import { KEEPS_WINDOWS } from './interop-echo.js';
import { type InteropContainer, startInteropContainer } from './interop-endpoints.js';
import { type WalkReport, walk } from './interop-walk.js';

const modes = [
  ['without compression', false],
  ['forgetting windows', { thresholdBytes: 0 }],
  ['keeping windows', KEEPS_WINDOWS],
] as const;

interface Peer {
  readonly name: string;
  /** What its library can: others than this it cannot, and the report has nothing of it. */
  readonly can: readonly ('parts' | 'fragmentCalls' | 'pong' | 'status')[];
  /** One report for each container, or why there is none. */
  walkAll(containers: readonly InteropContainer[]): Promise<WalkReport[] | { missing: string }>;
}

const peers: Peer[] = [
  {
    name: "Tomcat's client",
    can: ['parts', 'fragmentCalls', 'pong', 'status'],
    async walkAll(containers) {
      const found = findTomcatClient();
      if (found.java === undefined) return { missing: found.reason };
      // Java 17 reads sources in the encoding of the system; the rest is for a quick start.
      const options = ['-Dfile.encoding=UTF-8', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', found.jars];
      const program = join(import.meta.dirname, 'interop-java', 'Peer.java');
      return reportsOf(found.java, [...options, program, ...containers.map(({ url }) => url)]);
    },
  },
  {
    name: "Python's websockets",
    can: ['parts', 'pong', 'status'],
    async walkAll(containers) {
      const python = findPythonWithWebsockets();
      if (python === undefined) return { missing: 'no python3 that can import websockets' };
      const program = join(import.meta.dirname, 'interop-python', 'container.py');
      return reportsOf(python, [program, ...containers.map(({ url }) => url)]);
    },
  },
  {
    name: "Node's own WebSocket",
    can: [],
    async walkAll(containers) {
      // Before Node 22 it hides behind a flag, which later ones need not know.
      const flags = Number.parseInt(process.versions.node, 10) < 22 ? ['--experimental-websocket'] : [];
      const urls = JSON.stringify(containers.map(({ url }) => url));
      const program = `${walk}; const reports = [];
        for (const url of ${urls}) reports.push(await walk(WebSocket, url));
        console.log(JSON.stringify(reports));`;
      return reportsOf(process.execPath, [...flags, '--no-warnings', '--input-type=module', '--eval', program]);
    },
  },
  {
    name: 'ws',
    can: ['parts', 'pong', 'status'],
    async walkAll(containers) {
      const reports: WalkReport[] = [];
      for (const { url } of containers) {
        const report = await walk(WsWebSocket as unknown as typeof WebSocket, url);
        reports.push({ ...report, ...(await walkFurtherWithWs(url, report)) });
      }
      return reports;
    },
  },
  {
    name: 'Chromium',
    can: [],
    async walkAll(containers) {
      const found = await findChromium();
      if (found.path === undefined) return { missing: found.reason };
      const browser = await chromium.launch({ executablePath: found.path, args: chromiumArguments });
      try {
        const page = await browser.newPage();
        const reports: WalkReport[] = [];
        for (const { origin, url } of containers) {
          await page.goto(origin);
          reports.push(await page.evaluate(`(${walk})(WebSocket, ${JSON.stringify(url)})`));
        }
        return reports;
      } finally {
        await browser.close();
      }
    },
  },
];

async function reportsOf(command: string, parameters: string[]): Promise<WalkReport[]> {
  const { stdout } = await promisify(execFile)(command, parameters, { timeout: 100_000 });
  return JSON.parse(stdout);
}

/** What ws can and the WebSocket class of browsers cannot: fragments, pings, the status of a refusal. */
async function walkFurtherWithWs(url: string, { members }: WalkReport): Promise<Partial<WalkReport>> {
  const socket = new WsWebSocket(`${url}/parts`);
  await once(socket, 'open');
  socket.ping('are you there?');
  const [pong] = await once(socket, 'pong');
  for (const part of ['frag', 'men', 'ted']) socket.send(part, { fin: part === 'ted' });
  const [parts] = await once(socket, 'message');
  socket.close();
  const refused = new WsWebSocket(`${url}/members`);
  const [request, response] = await once(refused, 'unexpected-response');
  request.destroy();
  return { pong: String(pong), parts: String(parts), members: [String(response.statusCode), ...members.slice(1)] };
}

interface Walked {
  readonly containers: InteropContainer[];
  readonly outcome: WalkReport[] | { missing: string };
}

// All at once: most of the time programs and browsers only start.
const walks = new Map<Peer, Promise<Walked>>();

beforeAll(() => {
  for (const peer of peers) {
    const walking = walkWith(peer);
    // Tests that wait for it fail, and not the others.
    walking.catch(() => {});
    walks.set(peer, walking);
  }
});

afterAll(() => Promise.allSettled(walks.values()));

async function walkWith({ walkAll }: Peer): Promise<Walked> {
  const containers = await Promise.all(modes.map(([, perMessageDeflate]) => startInteropContainer(perMessageDeflate)));
  try {
    return { containers, outcome: await walkAll(containers) };
  } finally {
    await Promise.all(containers.map((container) => container.stop()));
  }
}

describe.each(peers)('$name', (peer) => {
  const { can } = peer;
  let containers: InteropContainer[];
  let outcome: Walked['outcome'];

  beforeAll(async () => {
    ({ containers, outcome } = await walks.get(peer)!);
  });

  /** The reports of all modes by their names, or a skip that says why there are none. */
  function reports(context: TestContext): [mode: string, WalkReport][] {
    if (!('missing' in outcome)) return outcome.map((report, index) => [modes[index]![0], report]);
    if (process.env.CI) throw new Error(outcome.missing);
    return context.skip(outcome.missing);
  }

  it('negotiates subprotocol and permessage-deflate with an endpoint', (context) => {
    for (const [mode, { subprotocol, extensions }] of reports(context)) {
      expect(subprotocol, mode).toBe('b');
      expect(extensions, mode).toEqual(mode === 'without compression' ? [] : ['permessage-deflate']);
    }
  });

  it('gets back text and binary messages of every length unchanged', (context) => {
    const lengths = [
      'text 0',
      'text 5',
      'text 8',
      'bytes 0',
      'bytes 256',
      'text 70000',
      'text 180000',
      'bytes 1048576',
    ];
    for (const [mode, { echoed }] of reports(context)) expect(echoed, mode).toEqual(lengths);
  });

  it('receives a Broadcast in the room of its path', (context) => {
    for (const [mode, { heard }] of reports(context)) expect(heard, mode).toBe('küche/bad: ann says hello');
  });

  it('exchanges objects with decoders and encoders, and gets decode_failed for invalid input', (context) => {
    for (const [mode, { sums }] of reports(context)) expect(sums, mode).toEqual(['{"sum":42}', 'decode_failed']);
  });

  it('sends to @OnMessage handlers that take parts and streams', (context) => {
    for (const [mode, { parts, uploaded }] of reports(context)) {
      expect(uploaded, mode).toBe('500000 bytes');
      if (!can.includes('parts')) continue;
      // Tomcat's deflater gives nothing away before the last part.
      expect(parts, mode).toMatch(mode === 'without compression' ? /^frag\|men\|ted$/ : /^frag\|?men\|?ted$/);
    }
  });

  it('reassembles fragments, and answers the pings between them', (context) => {
    for (const [mode, { fragments, fragmentCalls = 0 }] of reports(context)) {
      expect(fragments, mode).toEqual(['one.two.three.', 'three']);
      if (can.includes('fragmentCalls')) expect(fragmentCalls, mode).toBeGreaterThanOrEqual(3);
    }
  });

  if (can.includes('pong')) {
    it('gets a pong for its ping', (context) => {
      for (const [mode, { pong }] of reports(context)) expect(pong, mode).toBe('are you there?');
    });
  }

  it('sees the close code and reason of session.close, 1009 for too long a message, and 1006 for a cut', (context) => {
    for (const [mode, { closes }] of reports(context)) {
      expect(closes.slice(0, 4), mode).toEqual(['1000', '1001 going', '1011 größer', '4999 mine']);
      expect(closes[4], mode).toMatch(/^1009\b/);
      expect(closes[5], mode).toMatch(/^1006\b/);
    }
  });

  it('passes its close code and reason to onClose', (context) => {
    reports(context);
    const end = ['3001, größer, clean, remote, closed'];
    expect(containers.map(({ echoEnds }) => echoEnds)).toEqual([end, end, end]);
  });

  it('is refused with 401, closed with 4401, or accepted', (context) => {
    const refusal = can.includes('status') ? '401' : 'refused';
    for (const [mode, { members }] of reports(context)) {
      expect(members, mode).toEqual([refusal, '4401 expired', 'ann: hello']);
    }
  });

  it('causes only the error message_too_big', (context) => {
    reports(context);
    const tooLong = [expect.objectContaining({ code: 'message_too_big' })];
    expect(containers.map(({ unhandled }) => unhandled)).toEqual([tooLong, tooLong, tooLong]);
  });
});
