// A client of the real gateway stack (endpoint container, engine, outlet, session) whose socket takes as many bytes as a
// test allows, and no more.

import { createServer, IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { defineEndpoint, EndpointContainer, type Session } from '@longwire/endpoint';
import type { DeviceId, UserId } from '@longwire/protocol';
import { deferred } from '@longwire/test-support/deferred';
import { FrameDecoder, type FrameSink, Opcode } from '@longwire/websocket';
import { ClientSession } from '../../src/session/client-session.js';
import type { OutboxBudget } from '../../src/session/limits/outbox-budget.js';
import { EndpointOutlet } from '../../src/transport/websocket/endpoint-outlet.js';

const PATH = '/connect';

export class SlowGateway {
  readonly clients: SlowClient[] = [];
  readonly #server: Server = createServer();
  readonly #container = new EndpointContainer();
  readonly #opening: SlowClient[] = [];

  /** @param outboxBytes of each session */
  constructor(outboxBytes: number, budget: OutboxBudget) {
    const gateway = this;
    class Connection {
      #client: SlowClient | undefined;
      onOpen(connection: Session<typeof PATH>): void {
        this.#client = gateway.#opening.shift();
        const bounds = { outboxBytes, inFlight: 64 };
        const session = new ClientSession('s', new EndpointOutlet(connection), bounds, budget);
        this.#client?.begin(session);
      }
      onDrain(): void {
        this.#client?.session.outbox.onDrain();
      }
      onClose(): void {
        this.#client?.end();
      }
    }
    const limits = { heartbeatMs: 0, drainBytes: Math.floor(outboxBytes / 2), maxBufferedBytes: 4_000_000_000 };
    this.#container.add(defineEndpoint(PATH, Connection, { limits }));
    this.#container.attach(this.#server);
  }

  /** Resolves once the session is open. */
  async connect(user: string): Promise<SlowClient> {
    const client = new SlowClient(user as UserId);
    this.clients.push(client);
    this.#opening.push(client);
    const request = new IncomingMessage(client.socket as unknown as Socket);
    const headers = [
      ...['Host', '127.0.0.1', 'Upgrade', 'websocket', 'Connection', 'Upgrade'],
      ...['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version', '13'],
    ];
    request.method = 'GET';
    request.url = PATH;
    request.httpVersion = '1.1';
    request.rawHeaders = headers;
    for (let at = 0; at < headers.length; at += 2) request.headers[headers[at]!.toLowerCase()] = headers[at + 1]!;
    this.#server.emit('upgrade', request, client.socket, Buffer.alloc(0));
    await client.begun.promise;
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.socket.destroy();
    await this.#container.close();
  }
}

/** The other end of the line: what it was sent, as far as it was allowed to take it. */
export class SlowClient implements FrameSink {
  readonly user: UserId;
  readonly socket: SlowSocket;
  session!: ClientSession;
  readonly begun = deferred();
  readonly texts: string[] = [];
  /** Of the Close frame, once it has come. */
  closeCode: number | undefined;
  /** The gateway has seen the end of the connection. */
  hasEnded = false;
  onEnd: (() => void) | undefined;
  readonly #decoder = new FrameDecoder('client', this, false);
  #pieces: Buffer[] = [];
  #isUpgraded = false;

  constructor(user: UserId) {
    this.user = user;
    this.socket = new SlowSocket((bytes) => this.#receive(bytes));
  }

  begin(session: ClientSession): void {
    this.session = session;
    session.identity = { user: this.user, device: 'd' as DeviceId };
    session.phase = 'ready';
    this.begun.resolve();
  }

  end(): void {
    this.hasEnded = true;
    this.session.markEnded();
    this.onEnd?.();
  }

  onDataFrame(): void {
    this.#pieces = [];
  }
  onDataPayload(piece: Buffer): void {
    this.#pieces.push(piece);
  }
  onDataFrameEnd(): void {
    this.texts.push(Buffer.concat(this.#pieces).toString());
  }
  onControlFrame(opcode: number, payload: Buffer): void {
    if (opcode === Opcode.close) this.closeCode = payload.readUInt16BE(0);
  }
  onFrameError(error: Error): void {
    throw error;
  }

  #receive(bytes: Buffer): void {
    // The answer to the handshake comes in one piece.
    const start = this.#isUpgraded ? 0 : bytes.indexOf('\r\n\r\n') + 4;
    this.#isUpgraded = true;
    this.#decoder.push(Buffer.from(bytes.subarray(start)));
  }
}

/** Takes what it is allowed to take. What is more waits in the write that is under way, as in a full socket of the kernel. */
export class SlowSocket extends Duplex {
  readonly #receive: (bytes: Buffer) => void;
  // The handshake is not held up.
  #allowedBytes = 1_024;
  #rest: Buffer = Buffer.alloc(0);
  #done: (() => void) | undefined;

  constructor(receive: (bytes: Buffer) => void) {
    super({ allowHalfOpen: true });
    this.#receive = receive;
  }

  /** The client reads so many bytes more. */
  allow(bytes: number): void {
    this.#allowedBytes += bytes;
    this.#take();
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#rest = chunk;
    this.#done = done;
    this.#take();
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  #take(): void {
    const taken = this.#rest.subarray(0, this.#allowedBytes);
    this.#rest = this.#rest.subarray(taken.length);
    this.#allowedBytes -= taken.length;
    if (taken.length > 0) this.#receive(taken);
    const done = this.#done;
    if (done === undefined || this.#rest.length > 0) return;
    this.#done = undefined;
    done();
  }
}
