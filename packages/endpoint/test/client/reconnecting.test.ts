// Coming back: after ends that nobody wanted, as a new session, and not after others.
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { tlsCertificate } from '@longwire/test-support/tls-certificate';
import { until } from '@longwire/test-support/until';
import type { WebSocketError } from '@longwire/websocket';
import { afterEach, describe, expect, it } from 'vitest';
import { reconnectDelayMs, resolveReconnectOptions } from '../../src/client/reconnecting.js';
import {
  type ClientConnection,
  defineClientEndpoint,
  defineEndpoint,
  EndpointContainer,
  isWorthReconnecting,
  type ReconnectOptions,
  refuse,
  type Session,
  type UnhandledErrorContext,
} from '../../src/index.js';
import { listen } from '../serving.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A server that can go and come back at the same port. */
class Home {
  readonly sessions: Session[] = [];
  port = 0;
  /** While it is not 0, the answer to every handshake. */
  status = 0;
  refusals = 0;
  #stop: (() => Promise<void>) | undefined;

  async start(): Promise<void> {
    const container = new EndpointContainer();
    container.add(
      defineEndpoint('/home', {
        configurator: {
          modifyHandshake: () => {
            if (this.status === 0) return undefined;
            this.refusals++;
            return refuse(this.status, 'Not now.');
          },
        },
        onOpen: (session) => void this.sessions.push(session),
        onText: (text) => text,
      }),
    );
    const server = createServer();
    container.attach(server);
    if (this.port === 0) this.port = await listen(server);
    else await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.#stop = async () => {
      this.#stop = undefined;
      await container.close({ withinMs: 200 });
      await new Promise((resolve) => server.close(resolve));
    };
    undo.push(() => this.stop());
  }

  async stop(): Promise<void> {
    await this.#stop?.();
  }

  /** The session that was opened at this place of all. */
  async session(index: number): Promise<Session> {
    await until(() => this.sessions.length > index);
    return this.sessions[index]!;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/home`;
  }
}

async function atHome(reconnect: ReconnectOptions = {}) {
  const home = new Home();
  await home.start();
  const unhandled: { error: unknown; context: UnhandledErrorContext }[] = [];
  const container = new EndpointContainer({
    onUnhandledError: (error, context) => void unhandled.push({ error, context }),
  });
  undo.push(() => container.close({ withinMs: 200 }));
  const events: string[] = [];
  let instances = 0;
  class Visitor {
    readonly number = ++instances;
    onOpen(): void {
      events.push(`open ${this.number}`);
    }
    onText(text: string): void {
      events.push(`text ${this.number} ${text}`);
    }
    onClose(_session: Session, { code }: { code: number }): void {
      events.push(`close ${this.number} ${code}`);
    }
  }
  const endpoint = defineClientEndpoint(Visitor, { reconnect: { minDelayMs: 5, maxDelayMs: 20, ...reconnect } });
  const connect = (): Promise<ClientConnection> => container.connect(endpoint, home.url);
  return { home, container, events, connect, unhandled };
}

it('a connection comes back when the server is there again, as a new session on a new instance', async () => {
  const { home, events, connect, unhandled } = await atHome();
  const connection = await connect();
  const first = connection.session!;
  first.send('a');
  await until(() => events.includes('text 1 a'));
  await home.stop();
  // Until then it may be told 503.
  await until(() => (connection.error?.cause as WebSocketError | undefined)?.code === 'handshake_failed');
  expect(connection.error).toMatchObject({ code: 'connect_failed' });
  expect(connection.session).toBeUndefined();
  expect(['waiting', 'connecting']).toContain(connection.state);
  await home.start();
  await until(() => connection.state === 'open');
  expect(connection.error).toBeUndefined();
  expect(connection.session).not.toBe(first);
  connection.session!.send('b');
  await until(() => events.length === 5);
  expect(events).toEqual(['open 1', 'text 1 a', 'close 1 1001', 'open 2', 'text 2 b']);
  await connection.close(3000);
  expect(await connection.closed).toMatchObject({ code: 3000, initiator: 'local' });
  expect(unhandled).toEqual([]);
});

it('the first connection is waited for as well, and a server that is busy is asked again', async () => {
  const { home, connect } = await atHome();
  await home.stop();
  const connecting = connect();
  home.status = 503;
  await home.start();
  await until(() => home.refusals >= 2);
  home.status = 0;
  expect((await connecting).state).toBe('open');
});

it('a connection that is cut off without a word comes back', async () => {
  const { home, connect } = await atHome();
  const connection = await connect();
  (await home.session(0)).terminate();
  await home.session(1);
  await until(() => connection.state === 'open');
});

describe('nobody comes back', () => {
  it.each([1000, 1008, 4001])('after the server closed with %i', async (code) => {
    const { home, connect } = await atHome();
    const connection = await connect();
    (await home.session(0)).close(code, 'stay away');
    expect(await connection.closed).toMatchObject({ code, reason: 'stay away' });
    expect(connection.state).toBe('closed');
  });

  it('after the program closed the session, the connection, or the container', async () => {
    const { container, connect } = await atHome();
    const [bySession, byConnection, byContainer] = [await connect(), await connect(), await connect()];
    bySession.session!.close(3001);
    expect(await bySession.closed).toMatchObject({ code: 3001 });
    await byConnection.close();
    expect(byConnection.state).toBe('closed');
    await byConnection.close();
    await container.close();
    expect(await byContainer.closed).toMatchObject({ code: 1001 });
  });

  it('after close() while it waits', async () => {
    const { home, connect } = await atHome({ minDelayMs: 1_000_000_000, maxDelayMs: 1_000_000_000 });
    const connection = await connect();
    await home.stop();
    await until(() => connection.state === 'waiting');
    await connection.close();
    expect(await connection.closed).toMatchObject({ code: 1001, initiator: 'remote' });
  });

  it('after close() in the very moment in which the connection has come back', async () => {
    const { home, container } = await atHome();
    let connection: ClientConnection | undefined;
    const endpoint = defineClientEndpoint({
      reconnect: { minDelayMs: 5 },
      onOpen: () => void connection?.close(3002, 'enough'),
    });
    connection = await container.connect(endpoint, home.url);
    (await home.session(0)).terminate();
    expect(await connection.closed).toMatchObject({ code: 3002, initiator: 'local' });
    expect([connection.state, home.sessions.length]).toEqual(['closed', 2]);
  });

  it('after maxAttempts in a row; then the reason is that of the last session, and error says why', async () => {
    const { home, connect } = await atHome({ maxAttempts: 2 });
    const connection = await connect();
    await home.stop();
    expect(await connection.closed).toMatchObject({ code: 1001 });
    expect(connection.error).toMatchObject({ code: 'connect_failed' });
    await expect(connect()).rejects.toMatchObject({ code: 'connect_failed' });
  });

  it('after a refusal that will not change', async () => {
    const { home, connect } = await atHome();
    const connection = await connect();
    home.status = 403;
    (await home.session(0)).terminate();
    await connection.closed;
    expect(connection.error).toMatchObject({ cause: { status: 403 } });
  });

  it('at a server whose certificate nobody trusts', async () => {
    const server = createSecureServer(tlsCertificate);
    let attempts = 0;
    server.on('tlsClientError', () => attempts++);
    const port = await listen(server);
    undo.push(() => server.close());
    const container = new EndpointContainer();
    const endpoint = defineClientEndpoint({ reconnect: { minDelayMs: 1, maxAttempts: 3 } });
    await expect(container.connect(endpoint, `wss://127.0.0.1:${port}/`)).rejects.toMatchObject({
      code: 'connect_failed',
      cause: { code: 'handshake_failed', retryable: false, cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } },
    });
    await until(() => attempts > 0);
    expect(attempts).toBe(1);
  });

  it('when shouldReconnect says so, or throws, which is reported', async () => {
    const asked: unknown[] = [];
    const { home, connect, unhandled } = await atHome({
      shouldReconnect(why) {
        asked.push(why);
        throw new Error('undecided');
      },
    });
    const connection = await connect();
    (await home.session(0)).close(1013);
    expect(await connection.closed).toMatchObject({ code: 1013 });
    expect(unhandled).toMatchObject([{ error: { message: 'undecided' }, context: { during: 'reconnect' } }]);
    await home.stop();
    await expect(connect()).rejects.toMatchObject({ code: 'connect_failed' });
    expect(asked).toMatchObject([{ code: 1013 }, { code: 'connect_failed' }]);
    expect(unhandled).toHaveLength(2);
  });
});

it('isWorthReconnecting can be asked by a program that decides a part itself', async () => {
  const { home, connect } = await atHome({
    shouldReconnect: (why) => why.code === 4001 || isWorthReconnecting(why),
  });
  const connection = await connect();
  (await home.session(0)).close(4001);
  const second = await home.session(1);
  await until(() => connection.state === 'open');
  second.close(4002);
  expect(await connection.closed).toMatchObject({ code: 4002 });
});

it('a session that the program closed is not opened again, even if the server never answers the close', () => {
  const closed = { code: 1006, reason: '', wasClean: false, initiator: 'local', error: undefined } as const;
  expect(isWorthReconnecting({ ...closed, cause: 'close_timeout' })).toBe(false);
  expect(isWorthReconnecting({ ...closed, cause: 'terminated' })).toBe(false);
  expect(isWorthReconnecting({ ...closed, cause: 'heartbeat_timeout' })).toBe(true);
});

it('waits are random below a bound that doubles up to the greatest', () => {
  const options = resolveReconnectOptions({ minDelayMs: 100, maxDelayMs: 1_000 }, 'here')!;
  const most = (attempt: number): number =>
    Math.max(...Array.from({ length: 300 }, () => reconnectDelayMs(attempt, options)));
  for (const [attempt, bound] of [
    [0, 100],
    [2, 400],
    [5, 1_000],
    [2_000, 1_000],
  ] as const) {
    expect(most(attempt)).toBeLessThan(bound);
    expect(most(attempt)).toBeGreaterThan(bound * 0.9);
  }
});
