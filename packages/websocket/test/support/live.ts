// Real servers and raw peers on the loopback interface, and a log of what connections say.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { until } from '@longwire/test-support/until';
import type { ConnectionHandler, WebSocketConnection } from '../../src/connection/connection.js';
import type { CloseDetails } from '../../src/connection/lifecycle/closing-handshake.js';
import type { WebSocketError } from '../../src/errors.js';
import { type AcceptOptions, accept } from '../../src/handshake/accept.js';
import { resolveWebSocketOptions, type WebSocketOptions } from '../../src/options.js';

/** A handler that writes everything down, for one connection or many. */
export class HandlerLog implements ConnectionHandler {
  readonly texts: string[] = [];
  readonly binaries: Uint8Array[] = [];
  readonly pings: string[] = [];
  readonly pongs: string[] = [];
  readonly errors: WebSocketError[] = [];
  readonly closes: CloseDetails[] = [];
  /** Names of callbacks in order. */
  readonly order: string[] = [];
  drains = 0;

  onText(_connection: WebSocketConnection, text: string): unknown {
    this.order.push('text');
    this.texts.push(text);
    return undefined;
  }
  onBinary(_connection: WebSocketConnection, data: Uint8Array): unknown {
    this.order.push('binary');
    this.binaries.push(data);
    return undefined;
  }
  onPing(_connection: WebSocketConnection, payload: Uint8Array): void {
    this.pings.push(Buffer.from(payload).toString());
  }
  onPong(_connection: WebSocketConnection, payload: Uint8Array): void {
    this.pongs.push(Buffer.from(payload).toString());
  }
  onDrain(_connection: WebSocketConnection): void {
    this.drains++;
  }
  onError(_connection: WebSocketConnection, error: WebSocketError): void {
    this.order.push('error');
    this.errors.push(error);
  }
  onClose(_connection: WebSocketConnection, close: CloseDetails): void {
    this.order.push('close');
    this.closes.push(close);
  }
}

export class LiveServer {
  readonly http: Server = createServer();
  readonly connections: WebSocketConnection[] = [];
  readonly sockets = new Set<Socket>();
  readonly upgrades: IncomingMessage[] = [];
  log = new HandlerLog();

  static async start(options: WebSocketOptions = {}, settings: Partial<AcceptOptions> = {}): Promise<LiveServer> {
    const server = new LiveServer();
    const resolved = resolveWebSocketOptions(options);
    server.http.on('connection', (socket: Socket) => {
      server.sockets.add(socket);
      socket.once('close', () => server.sockets.delete(socket));
    });
    server.http.on('upgrade', (request, socket, head) => {
      server.upgrades.push(request);
      const outcome = accept(request, socket, head, { options: resolved, handler: server.log, ...settings });
      if ('role' in outcome) server.connections.push(outcome);
    });
    await new Promise<void>((resolve) => server.http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/`;
  }

  async connection(index = 0): Promise<WebSocketConnection> {
    await until(() => this.connections.length > index);
    return this.connections[index]!;
  }

  /** Ends everything; fails if a socket is left. */
  async stop(): Promise<void> {
    for (const connection of this.connections) connection.terminate();
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.http.close(resolve));
    await until(() => this.sockets.size === 0);
  }
}

export const HANDSHAKE_LINES = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];

/** A peer that sends exactly the bytes it is told to. */
export class RawPeer {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  hasEnded = false;
  isClosed = false;
  error: NodeJS.ErrnoException | undefined;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    this.socket.on('end', () => {
      this.hasEnded = true;
    });
    this.socket.on('close', () => {
      this.isClosed = true;
    });
    this.socket.on('error', (error) => {
      this.error = error;
    });
  }

  /** Connects and does the handshake; what follows the 101 is left in `received`. */
  static async open(port: number, extraLines: readonly string[] = []): Promise<RawPeer> {
    const peer = new RawPeer(port);
    peer.send(`${[...HANDSHAKE_LINES, ...extraLines].join('\r\n')}\r\n\r\n`);
    await until(() => peer.received.includes('\r\n\r\n'));
    peer.received = peer.received.subarray(peer.received.indexOf('\r\n\r\n') + 4);
    return peer;
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  get hex(): string {
    return this.received.toString('hex').replace(/../g, '$& ').trim();
  }

  async receives(bytes: number): Promise<string> {
    await until(() => this.received.length >= bytes);
    return this.hex;
  }
}
