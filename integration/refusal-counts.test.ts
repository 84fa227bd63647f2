// Every refusal of a running server is counted under the name of its limit or rule; some are logged.

import { connect } from 'node:net';
import { OperatorClient, type RefusalKind } from '@longwire/server';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: TestServer;
let operator: OperatorClient;

beforeAll(async () => {
  server = await startTestServer({
    LONGWIRE_SESSIONS_PER_USER: '2',
    LONGWIRE_SESSIONS_WHEN_FULL: 'refuse-new',
    LONGWIRE_LIMITS_DEVICES_PER_USER: '1',
    LONGWIRE_LIMITS_BODY_BYTES: '1000',
    LONGWIRE_LIMITS_COMMAND_BYTES: '8192',
    LONGWIRE_LIMITS_BODY_BYTES_BURST: '20000',
    LONGWIRE_LIMITS_BODY_BYTES_PER_SECOND: '1000',
    LONGWIRE_LIMITS_SENDS_PER_SECOND: '1',
    LONGWIRE_LIMITS_SEND_BURST: '5',
    LONGWIRE_LIMITS_PAGES_PER_SECOND: '1',
    LONGWIRE_LIMITS_ACKS_PER_SECOND: '1',
    LONGWIRE_LIMITS_SIGNALS_PER_SECOND: '1',
    LONGWIRE_LIMITS_BLOCKS_PER_USER: '1',
    LONGWIRE_LIMITS_COMMANDS_PER_SECOND: '10',
    LONGWIRE_LIMITS_CONNECT_TIMEOUT_MS: '3000',
    LONGWIRE_LIMITS_HANDSHAKE_TIMEOUT_MS: '1000',
    LONGWIRE_LIMITS_WAITING_PER_ADDRESS: '3',
    LONGWIRE_LIMITS_CONNECTIONS_PER_ADDRESS: '40',
    LONGWIRE_LIMITS_HANDSHAKES_PER_SECOND: '10',
  });
  operator = new OperatorClient(server.folder);
});
afterAll(() => server.remove());

const upgrade =
  'GET /v1/connect HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/** Waits until a kind was counted so often more than before what `cause` does. */
async function counts(kind: RefusalKind, times: number, cause: () => Promise<unknown>): Promise<void> {
  const count = async () => (await operator.refusals()).refusals[kind];
  const before = await count();
  await cause();
  await until(async () => (await count()) >= before + times, `${times} of ${kind}`);
  expect(await count()).toBe(before + times);
}

/** Opens a connection from an address of its own, so that the limits of addresses do not meet. */
const open = (localAddress: string, headers: Record<string, string> = {}) =>
  WireClient.open(server.url, { localAddress, headers });

/** Sends bytes from an address and resolves when the connection has ended. */
function raw(localAddress: string, bytes: string, target = server): Promise<void> {
  return new Promise((resolve) => {
    const port = Number(new URL(target.httpUrl).port);
    const socket = connect({ port, host: '127.0.0.1', localAddress }, () => socket.write(bytes, 'latin1'));
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
  });
}

/** Repeats a command until it is refused, once. */
async function untilRefused(user: string, command: object): Promise<void> {
  const client = await WireClient.signIn(server.url, user);
  for (;;) {
    const { type, code } = await client.ask(command);
    // A signal to a stranger is refused as well, whatever its rate.
    if (type !== 'error' || code === 'forbidden') continue;
    expect(code).toBe('rate_limited');
    break;
  }
  await client.end();
}

describe('longwire refusals counts', () => {
  it.each([
    ['limits.sendsPerSecond', { type: 'send', to: 'user/bob', body: 1 }],
    ['limits.bodyBytesPerSecond', { type: 'ping', filler: 'x'.repeat(6_000) }],
    ['limits.pagesPerSecond', { type: 'channels' }],
    ['limits.acksPerSecond', { type: 'ack', cursors: {} }],
    ['limits.signalsPerSecond', { type: 'signal', to: 'user/bob', name: 'typing' }],
    ['limits.blocksPerSecond', { type: 'unblock', user: 'bob' }],
    ['limits.searchesPerSecond', { type: 'users.search', prefix: 'b' }],
    ['limits.commandsPerSecond', { type: 'ping' }],
  ] as const)('%s', async (kind, command) => {
    await counts(kind, 1, () => untilRefused(`user-of-${kind}`, command));
  });

  it('limits.bodyBytes and limits.commandBytes', async () => {
    const client = await WireClient.signIn(server.url, 'large');
    await counts('limits.bodyBytes', 1, async () => {
      const { code } = await client.ask({ type: 'send', to: 'user/bob', body: 'x'.repeat(2_000) });
      expect(code).toBe('too_large');
    });
    await counts('limits.commandBytes', 1, async () => {
      client.say('x'.repeat(9_000));
      await client.until(() => client.closed);
    });
  });

  it('malformedCommand, and logs one of many, with user or address', async () => {
    const lines = () => server.logLines.filter((line) => line.includes('A malformed command was refused'));
    const [stranger, known] = [await open('127.0.0.20'), await WireClient.signIn(server.url, 'typist')];
    await counts('malformedCommand', 3, async () => {
      stranger.say('{');
      known.say('[]');
      known.say('nothing');
      await known.count('error', 2);
    });
    expect(lines().length).toBeLessThanOrEqual(3);
    expect(lines().join()).toContain('"user":"typist"');
    expect(lines().join()).toContain('"address":"127.0.0.20"');
    for (const client of [stranger, known]) client.cut();
  });

  it('beforeSignIn and malformedFrame', async () => {
    await counts('beforeSignIn', 1, async () => {
      const client = await open('127.0.0.27');
      expect(await client.ask({ type: 'channels' })).toMatchObject({ code: 'unauthenticated' });
      client.cut();
    });
    await counts('malformedFrame', 1, async () => {
      const binary = await open('127.0.0.27');
      binary.socket.send(new Uint8Array(3));
      expect(await binary.whenClosed()).toMatchObject({ code: 1003 });
    });
    await counts('malformedFrame', 1, async () => {
      // A text frame without a mask.
      await raw('127.0.0.27', `${upgrade}\x81\x01a`);
    });
  });

  it('credentials, blockedUser, sessions.perUser and limits.devicesPerUser', async () => {
    await counts('credentials', 1, async () => {
      const client = await open('127.0.0.21');
      await client.ask({ type: 'connect', token: 'nobody' });
    });
    await operator.blockUser('mallory');
    await counts('blockedUser', 1, async () => {
      const client = await open('127.0.0.21');
      await client.ask({ type: 'connect', token: 'dev:mallory' });
    });
    const first = await WireClient.signIn(server.url, 'single', { device: 'one' });
    await counts('limits.devicesPerUser', 1, async () => {
      const client = await open('127.0.0.21');
      await client.ask({ type: 'connect', token: 'dev:single', device: 'two' });
      expect(await client.whenClosed()).toMatchObject({ code: 4102 });
    });
    const second = await WireClient.signIn(server.url, 'single', { device: 'one' });
    await counts('sessions.perUser', 1, async () => {
      const client = await open('127.0.0.21');
      await client.ask({ type: 'connect', token: 'dev:single', device: 'two' });
      expect(await client.whenClosed()).toMatchObject({ code: 4102 });
    });
    for (const client of [first, second]) client.cut();
  });

  it('origin and caller', async () => {
    await counts('origin', 1, () =>
      expect(open('127.0.0.22', { Origin: 'http://localhost.evil.example' })).rejects.toThrow('403'),
    );
    await counts('caller', 2, async () => {
      await expect(open('127.0.0.22', { 'X-Forwarded-For': '192.0.2.1' })).rejects.toThrow('403');
      await raw('127.0.0.22', 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n');
    });
  });

  it('malformedRequest, limits.headerBytes and limits.handshakeTimeoutMs', async () => {
    await counts('malformedRequest', 1, () => raw('127.0.0.23', 'nonsense\r\n\r\n'));
    const headers = `GET / HTTP/1.1\r\nHost: localhost\r\n${`X: ${'x'.repeat(4_000)}\r\n`.repeat(6)}`;
    await counts('limits.headerBytes', 1, () => raw('127.0.0.23', headers));
    await counts('limits.handshakeTimeoutMs', 1, () => raw('127.0.0.23', 'GET / HTTP/1.1\r\n'));
  });

  it('limits.waitingPerAddress, limits.connectTimeoutMs, limits.handshakesPerSecond and limits.connectionsPerAddress', async () => {
    await counts('limits.connectTimeoutMs', 3, async () => {
      const waiting = await Promise.all([1, 2, 3].map(() => open('127.0.0.24')));
      await counts('limits.waitingPerAddress', 1, () => expect(open('127.0.0.24')).rejects.toThrow('429'));
      for (const client of waiting) await client.until(() => client.closed);
    });
    const before = (await operator.refusals()).refusals['limits.handshakesPerSecond'];
    await Promise.all(Array.from({ length: 40 }, () => open('127.0.0.25').catch(() => undefined)));
    expect((await operator.refusals()).refusals['limits.handshakesPerSecond']).toBeGreaterThan(before);
    // Silent ones, which are closed after limits.handshakeTimeoutMs.
    await counts('limits.connectionsPerAddress', 5, () =>
      Promise.all(Array.from({ length: 45 }, () => raw('127.0.0.26', 'G'))),
    );
  });
});

describe('RunningServer.refusals counts', () => {
  let small: TestServer;
  beforeAll(async () => {
    small = await startTestServer({
      LONGWIRE_DATA: 'memory:',
      LONGWIRE_LIMITS_MEMORY_BYTES: '1048576',
      LONGWIRE_LIMITS_CONNECTIONS: '8',
      LONGWIRE_LIMITS_WAITING: '2',
      LONGWIRE_LIMITS_HEARTBEAT_MS: '500',
      LONGWIRE_LIMITS_HEARTBEAT_GRACE_MS: '500',
      LONGWIRE_LIMITS_SEND_BURST: '1000',
    });
  });
  afterAll(() => small.remove());

  it('storageFull', async () => {
    const client = await WireClient.signIn(small.url, 'writer');
    const send = () => client.ask({ type: 'send', to: 'user/bob', body: 'x'.repeat(60_000) });
    while ((await send()).type === 'sent');
    expect(small.refusals().storageFull).toBe(1);
    expect(await send()).toMatchObject({ code: 'storage_full' });
    expect(small.refusals().storageFull).toBe(2);
    await client.end();
  });

  it('limits.heartbeatGraceMs', async () => {
    // Answers no ping.
    await raw('127.0.0.30', upgrade, small);
    await until(() => small.refusals()['limits.heartbeatGraceMs'] === 1, 'a session that was silent');
  });

  it('limits.waiting and idleConnections', async () => {
    const waiting = [await WireClient.open(small.url), await WireClient.open(small.url)];
    await expect(WireClient.open(small.url)).rejects.toThrow('503');
    expect(small.refusals()['limits.waiting']).toBe(1);
    for (const client of waiting) await client.end();
    // At most a quarter of the connections may be silent.
    const silent = [1, 2, 3].map(() => raw('127.0.0.31', '', small));
    await until(() => small.refusals().idleConnections === 1, 'a silent connection to be closed');
    await Promise.race(silent);
  });

  it('limits.connections', async () => {
    const signedIn: WireClient[] = [];
    for (let index = 0; small.refusals()['limits.connections'] === 0; index += 1) {
      const client = await WireClient.signIn(small.url, `user-${index}`).catch(() => undefined);
      if (client !== undefined) signedIn.push(client);
      expect(signedIn.length).toBeLessThanOrEqual(8);
    }
    for (const client of signedIn) client.cut();
  });
});

describe('RunningServer.refusals counts for a full outbox', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({
      LONGWIRE_LIMITS_OUTBOX_BYTES: '131072',
      LONGWIRE_LIMITS_SLOW_READER_MS: '500',
      LONGWIRE_LIMITS_SENDS_PER_SECOND: '1000000',
      LONGWIRE_LIMITS_SEND_BURST: '1000000',
      LONGWIRE_LIMITS_BODY_BYTES_PER_SECOND: '1000000000',
      LONGWIRE_LIMITS_BODY_BYTES_BURST: '1000000000',
    });
  });
  afterAll(() => server.remove());

  it('slowReader', async () => {
    const [reader, writer] = [
      await WireClient.signIn(server.url, 'paused'),
      await WireClient.signIn(server.url, 'busy'),
    ];
    reader.socket.pause();
    // What the kernel keeps for the socket comes before the outbox, and is some megabytes.
    const body = 'x'.repeat(60_000);
    for (let n = 0; n < 250; n += 1) {
      expect(await writer.ask({ type: 'send', to: 'user/paused', body })).toMatchObject({ type: 'sent' });
    }
    await until(() => server.refusals().slowReader === 1, 'a session that reads nothing to be closed');
    // Nothing goes out any more, the close frame with 4004 neither.
    reader.socket.resume();
    await reader.whenClosed();
    writer.cut();
  });
});
