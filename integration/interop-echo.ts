// An echo server on the engine for foreign clients, and what they send to it.
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import {
  accept,
  type CloseDetails,
  type PerMessageDeflateOptions,
  resolveWebSocketOptions,
  WebSocketConnection,
} from '@longwire/websocket';

const MIB = 1_048_576;

export const LARGE_BYTES = 16 * MIB;

export const KEEPS_WINDOWS: PerMessageDeflateOptions = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  thresholdBytes: 0,
};

export const LARGE_LIMITS = {
  // Chromium sends large messages in many frames, and each counts for one byte more.
  maxMessageBytes: LARGE_BYTES + MIB,
  maxBufferedBytes: 8 * LARGE_BYTES,
} as const;

export interface EchoServer {
  readonly url: string;
  readonly origin: string;
  readonly connections: WebSocketConnection[];
  readonly closes: CloseDetails[];
  stop(): Promise<void>;
}

/**
 * Echoes text as text and binary as binary, both as one message. Two texts are commands: `close <code> <reason>` closes,
 * `stream <n>` answers with n fragments and a ping between them.
 */
export async function startEchoServer(
  perMessageDeflate: PerMessageDeflateOptions | false,
  subprotocols: readonly string[] = [],
): Promise<EchoServer> {
  const options = resolveWebSocketOptions({ ...LARGE_LIMITS, perMessageDeflate });
  const connections: WebSocketConnection[] = [];
  const closes: CloseDetails[] = [];
  const handler = {
    onText: (connection: WebSocketConnection, text: string) => answer(connection, text),
    onBinary: (connection: WebSocketConnection, data: Uint8Array) => connection.sendBinary(data),
    onClose: (_connection: WebSocketConnection, close: CloseDetails) => closes.push(close),
  };
  const http: Server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>interop</title>');
  });
  const sockets = new Set<Socket>();
  http.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  http.on('upgrade', (request, socket, head) => {
    const outcome = accept(request, socket, head, { options, handler, subprotocols });
    if (outcome instanceof WebSocketConnection) connections.push(outcome);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/`,
    origin: `http://127.0.0.1:${port}/`,
    connections,
    closes,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

async function answer(connection: WebSocketConnection, text: string): Promise<void> {
  const [command, value, ...rest] = text.split(' ');
  if (command === 'close') return connection.close(Number(value), rest.join(' '));
  if (command !== 'stream') return void connection.sendText(text);
  const message = connection.startMessage('text');
  for (let i = 0; i < Number(value); i++) {
    await message.write(`${i},`);
    connection.ping();
  }
  await message.end();
}
