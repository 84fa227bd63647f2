// A real http server with a container on it, and clients of another implementation (`ws`) that remember what they saw.
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketClient, type WebSocketClientOptions } from '@longwire/test-support/websocket-client';
import { afterEach, expect } from 'vitest';
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
  connect(path: string, options?: WebSocketClientOptions): Promise<WebSocketClient>;
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
  const clients: WebSocketClient[] = [];
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
    async connect(path, clientOptions) {
      const client = new WebSocketClient(serving.url(path), clientOptions);
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
