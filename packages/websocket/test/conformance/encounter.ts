// A connection of either role, and the wire at its other end: the same bytes can be tried on a server and on a client.
import { createHash } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { until } from '@longwire/test-support/until';
import type { WebSocketConnection } from '../../src/connection/connection.js';
import type { Role } from '../../src/frame/opcode.js';
import type { AcceptOptions } from '../../src/handshake/accept.js';
import { dial } from '../../src/handshake/dial.js';
import type { DialOptions } from '../../src/handshake/dial-options.js';
import type { WebSocketOptions } from '../../src/options.js';
import { maskedFrame } from '../support/hex.js';
import { HANDSHAKE_LINES, HandlerLog, LiveServer } from '../support/live.js';
import { Wire } from './wire.js';

export const ROLES: readonly Role[] = ['server', 'client'];

export interface EncounterOptions {
  readonly options?: WebSocketOptions;
  /** Header lines of the wire's own handshake: of its request, or of its answer. */
  readonly lines?: readonly string[];
  readonly accept?: Partial<AcceptOptions>;
  readonly dial?: Partial<DialOptions>;
}

export class Encounter {
  readonly role: Role;
  readonly wire: Wire;
  readonly connection: WebSocketConnection;
  readonly log: HandlerLog;
  /** The handshake that our end sent: the client's request or the server's answer. */
  readonly handshake: string;
  readonly #stop: () => Promise<void>;

  private constructor(
    role: Role,
    wire: Wire,
    connection: WebSocketConnection,
    log: HandlerLog,
    handshake: string,
    stop: () => Promise<void>,
  ) {
    this.role = role;
    this.wire = wire;
    this.connection = connection;
    this.log = log;
    this.handshake = handshake;
    this.#stop = stop;
  }

  /** Our end has `role`; the handshake is done when this resolves. */
  static open(role: Role, more: EncounterOptions = {}): Promise<Encounter> {
    return role === 'server' ? Encounter.#openServer(more) : Encounter.#openClient(more);
  }

  static async #openServer({ options, lines = [], accept }: EncounterOptions): Promise<Encounter> {
    const server = await LiveServer.start(options, accept);
    const wire = new Wire(connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true }));
    wire.send(`${[...HANDSHAKE_LINES, ...lines].join('\r\n')}\r\n\r\n`);
    const answer = await wire.httpHeader();
    const connection = await server.connection();
    return new Encounter('server', wire, connection, server.log, answer, () => server.stop());
  }

  static async #openClient({ options, lines = [], dial: settings = {} }: EncounterOptions): Promise<Encounter> {
    const server = await RawServer.start();
    const log = new HandlerLog();
    const dialled = dial(server.url, { handler: log, ...(options && { options }), ...settings });
    const wire = await server.wire();
    const request = await wire.httpHeader();
    wire.send(`${[...answerLines(request), ...lines].join('\r\n')}\r\n\r\n`);
    const connection = await dialled;
    return new Encounter('client', wire, connection, log, request, () => server.stop());
  }

  /** A frame as the peer of this role has to send it: masked to a server, unmasked to a client. */
  frame(first: number, payload: string | Uint8Array = ''): Buffer {
    if (this.role === 'server') return maskedFrame(first, payload);
    const zeroKey = maskedFrame(first, payload, [0, 0, 0, 0]);
    const bytes = Buffer.byteLength(payload);
    const keyAt = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10;
    zeroKey[1]! &= 0x7f;
    return Buffer.concat([zeroKey.subarray(0, keyAt), zeroKey.subarray(keyAt + 4)]);
  }

  send(...frames: ReadonlyArray<readonly [first: number, payload?: string | Uint8Array]>): void {
    this.wire.send(Buffer.concat(frames.map(([first, payload]) => this.frame(first, payload))));
  }

  /** Code of the Close frame that our end sent last; undefined if it sent none, 1005 if it had no code. */
  get closeCodeSent(): number | undefined {
    const last = this.wire.frames.at(-1);
    if (last?.first !== 0x88) return undefined;
    return last.payload.length === 0 ? 1005 : last.payload.readUInt16BE(0);
  }

  /** Resolves once our end has failed the connection: it told why and ended TCP on its own. */
  async failed(): Promise<{ sent: number | undefined; error: string | undefined }> {
    await until(() => this.wire.hasEnded);
    this.wire.socket.end();
    await until(() => this.log.closes.length === 1);
    return { sent: this.closeCodeSent, error: this.log.errors[0]?.code };
  }

  async stop(): Promise<void> {
    this.connection.terminate();
    this.wire.socket.destroy();
    await this.#stop();
  }
}

/** A TCP server whose connections are wires. */
export class RawServer {
  readonly #server: Server;
  readonly #wires: Wire[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => this.#wires.push(new Wire(socket)));
  }

  static async start(): Promise<RawServer> {
    const server = createServer({ allowHalfOpen: true });
    const raw = new RawServer(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return raw;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/`;
  }

  async wire(index = 0): Promise<Wire> {
    await until(() => this.#wires.length > index);
    return this.#wires[index]!;
  }

  async stop(): Promise<void> {
    for (const wire of this.#wires) wire.socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A right answer to this request, without its last empty line. */
export function answerLines(request: string): string[] {
  const key = /^sec-websocket-key: (.*)\r$/im.exec(request)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
  ];
}
