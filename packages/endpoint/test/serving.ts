// A real http server with a container on it, and clients of another implementation (`ws`) that remember what they saw.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { until } from '@longwire/test-support/until';
import { afterEach, expect } from 'vitest';
import WebSocket from 'ws';
import {
  type ContainerOptions,
  type EndpointClass,
  EndpointContainer,
  type EndpointDefinition,
  type UnhandledErrorContext,
} from '../src/index.js';

export interface Serving {
  readonly server: Server;
  readonly container: EndpointContainer;
  /** What reached onUnhandledError. */
  readonly unhandled: { error: unknown; context: UnhandledErrorContext }[];
  readonly port: number;
  /** TCP connections to the server. */
  connections(): number;
  url(path: string): string;
  connect(path: string, options?: WebSocket.ClientOptions & { protocols?: string[] }): Promise<Client>;
  close(): Promise<void>;
}

const running = new Set<Serving>();

afterEach(async () => {
  await Promise.all([...running].map((serving) => serving.close()));
});

type Endpoint = EndpointDefinition | EndpointClass;

export async function serve(endpoints: readonly Endpoint[], options: ContainerOptions = {}): Promise<Serving> {
  const unhandled: Serving['unhandled'] = [];
  const container = new EndpointContainer({
    ...options,
    onUnhandledError: (error, context) => void unhandled.push({ error, context }),
  });
  for (const endpoint of endpoints) container.add(endpoint as EndpointDefinition);
  const server = createServer((_request, response) => response.end('plain'));
  container.attach(server);
  const port = await listen(server);
  const clients: Client[] = [];
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const serving: Serving = {
    server,
    container,
    unhandled,
    port,
    connections: () => sockets.size,
    url: (path) => `ws://127.0.0.1:${port}${path}`,
    async connect(path, { protocols, ...clientOptions } = {}) {
      const client = new Client(new WebSocket(serving.url(path), protocols ?? [], clientOptions));
      clients.push(client);
      await client.opened;
      return client;
    },
    async close() {
      running.delete(serving);
      for (const client of clients) client.socket.terminate();
      await container.close({ withinMs: 200 });
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      expect(container.endpoints().size).toBe(endpoints.length);
    },
  };
  running.add(serving);
  return serving;
}

export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A `ws` client that keeps every message in order. */
export class Client {
  readonly socket: WebSocket;
  readonly messages: (string | Buffer)[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, isBinary) => this.messages.push(isBinary ? (data as Buffer) : String(data)));
    this.opened = new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
    socket.on('error', () => {});
  }

  send(message: string | Uint8Array): void {
    this.socket.send(message);
  }

  /** Waits until this many messages have come, and gives them. */
  async received(count: number): Promise<(string | Buffer)[]> {
    await until(() => this.messages.length >= count, `${count} messages`);
    return this.messages;
  }

  /** A round trip: everything the server sent before is here, everything this client sent before was read. */
  async settled(): Promise<void> {
    let isAnswered = false;
    void this.#answered().then(() => {
      isAnswered = true;
    });
    await until(() => isAnswered, 'a pong');
  }

  /** False when the server does not read from this client: a ping is not answered within the time. */
  async isRead(withinMs = 150): Promise<boolean> {
    const answered = this.#answered();
    return Promise.race([
      answered.then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), withinMs)),
    ]);
  }

  /** Resolves with the pong to a ping of its own: an earlier ping may still be unanswered. */
  #answered(): Promise<void> {
    const payload = randomUUID();
    return new Promise((resolve) => {
      const listen = (data: Buffer): void => {
        if (String(data) !== payload) return;
        this.socket.off('pong', listen);
        resolve();
      };
      this.socket.on('pong', listen);
      this.socket.ping(payload);
    });
  }

  async close(code = 1000): Promise<{ code: number; reason: string }> {
    this.socket.close(code);
    return this.closed;
  }
}

export interface UpgradeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/**
 * Asks for an upgrade with exactly these headers besides the necessary ones, and gives the answer's status, headers and
 * body.
 */
export async function askUpgrade(
  port: number,
  path: string,
  headers: Record<string, string | string[] | undefined> = {},
): Promise<UpgradeAnswer> {
  const asked = request({
    host: '127.0.0.1',
    port,
    path,
    headers: Object.fromEntries(
      Object.entries({
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...headers,
      }).filter(([, value]) => value !== undefined),
    ) as Record<string, string>,
  });
  asked.end();
  return new Promise((resolve, reject) => {
    asked.on('error', reject);
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode!, headers: response.headers, body: '' });
    });
    asked.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
  });
}
