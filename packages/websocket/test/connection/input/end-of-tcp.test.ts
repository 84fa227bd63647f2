// The peer's end of TCP comes in its turn: behind what the peer sent before it, however slowly that is read.

import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createPlainServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { tlsCertificate } from '@longwire/test-support/tls-certificate';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebSocketConnection } from '../../../src/connection/connection.js';
import { encodeFrame } from '../../../src/frame/frame-encoder.js';
import { accept } from '../../../src/handshake/accept.js';
import { acceptKey } from '../../../src/handshake/accept-key.js';
import { dial } from '../../../src/handshake/dial.js';
import { resolveWebSocketOptions } from '../../../src/options.js';
import { maskedFrame } from '../../support/hex.js';
import { HANDSHAKE_LINES, HandlerLog, LiveServer, RawPeer } from '../../support/live.js';

/** More than one connection may cost in a turn. */
const MANY = 1_000;
const CLOSE = Buffer.from([0x03, 0xe8]);
const manyTexts = Array.from({ length: MANY }, (_, n) => `${n}`);
const manyMasked = Buffer.concat(manyTexts.map((text) => maskedFrame(0x81, text)));
const CLEAN = { code: 1000, initiator: 'remote', wasClean: true };
const LOST = { code: 1006, wasClean: false, error: { code: 'connection_lost' } };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serverWithPeer(): Promise<{ server: LiveServer; peer: RawPeer }> {
  const server = await LiveServer.start();
  cleanups.push(() => server.stop());
  const peer = await RawPeer.open(server.port);
  cleanups.push(() => peer.socket.destroy());
  return { server, peer };
}

describe('messages that came before the end of TCP', () => {
  it('are all delivered before a clean onClose, though they take several turns', async () => {
    const { server, peer } = await serverWithPeer();
    peer.socket.end(Buffer.concat([manyMasked, maskedFrame(0x88, CLOSE)]));
    await until(() => server.log.closes.length > 0);
    expect(server.log.texts).toEqual(manyTexts);
    expect(server.log.closes).toMatchObject([CLEAN]);
    await until(() => peer.isClosed);
    expect(peer.hex).toBe('88 02 03 e8');
  });

  it('are all delivered if no Close frame follows', async () => {
    const { server, peer } = await serverWithPeer();
    peer.socket.end(manyMasked);
    await until(() => server.log.closes.length > 0);
    expect(server.log.texts).toEqual(manyTexts);
    expect(server.log.closes).toMatchObject([LOST]);
    await until(() => peer.isClosed);
  });

  it.each([true, false])('are delivered after pause() and resume() (Close frame: %s)', async (withClose) => {
    const { server, peer } = await serverWithPeer();
    server.log.onText = (connection, text) => {
      server.log.texts.push(text);
      if (server.log.texts.length === 1) connection.pause();
    };
    const connection = await server.connection();
    peer.socket.end(Buffer.concat([manyMasked, withClose ? maskedFrame(0x88, CLOSE) : Buffer.alloc(0)]));
    await until(() => connection.isPaused && [...server.sockets][0]!.readableEnded);
    expect(server.log.texts).toEqual(['0']);
    expect(connection.state).toBe('open');
    connection.resume();
    await until(() => server.log.closes.length > 0);
    expect(server.log.texts).toEqual(manyTexts);
    expect(server.log.closes).toMatchObject([withClose ? CLEAN : LOST]);
  });

  it('are delivered though the program pauses and resumes at each of them', async () => {
    const { server, peer } = await serverWithPeer();
    server.log.onText = (connection, text) => {
      server.log.texts.push(text);
      connection.pause();
      if (server.log.texts.length % 3 === 0) setImmediate(() => connection.resume());
      else connection.resume();
    };
    peer.socket.end(Buffer.concat([manyMasked, maskedFrame(0x88, CLOSE)]));
    await until(() => server.log.closes.length > 0);
    expect(server.log.texts).toEqual(manyTexts);
    expect(server.log.closes).toMatchObject([CLEAN]);
  });

  it('are not delivered once the program has closed the connection', async () => {
    const { server, peer } = await serverWithPeer();
    server.log.onText = (connection, text) => {
      server.log.texts.push(text);
      connection.terminate();
    };
    peer.socket.end(manyMasked);
    await until(() => server.log.closes.length > 0);
    expect(server.log.texts).toEqual(['0']);
  });

  it('are delivered to a client', async () => {
    const frames = manyTexts.map((text) => encodeFrame('server', 0x81, Buffer.from(text)));
    const server = createPlainServer((socket) => {
      socket.once('data', (request: Buffer) => {
        const key = /Sec-WebSocket-Key: (\S+)/i.exec(request.toString())![1]!;
        const head = `HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`;
        socket.end(Buffer.concat([Buffer.from(head), ...frames, encodeFrame('server', 0x88, CLOSE)]));
      });
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    const log = new HandlerLog();
    await dial(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, { handler: log });
    await until(() => log.closes.length > 0);
    expect(log.texts).toEqual(manyTexts);
    expect(log.closes).toMatchObject([CLEAN]);
  });

  it('are delivered over TLS, where the socket would otherwise end by itself', async () => {
    const log = new HandlerLog();
    const options = resolveWebSocketOptions();
    const server = createTlsServer({ ...tlsCertificate });
    const sockets = new Set<Socket>();
    server.on('upgrade', (request, socket, head) => {
      sockets.add(socket as Socket);
      socket.once('close', () => sockets.delete(socket as Socket));
      accept(request, socket, head, { options, handler: log });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const peer = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    peer.on('error', () => {});
    peer.write(`${HANDSHAKE_LINES.join('\r\n')}\r\n\r\n`);
    await new Promise((resolve) => peer.once('data', resolve));
    peer.end(Buffer.concat([manyMasked, maskedFrame(0x88, CLOSE)]));
    await until(() => log.closes.length > 0);
    expect(log.texts).toEqual(manyTexts);
    expect(log.closes).toMatchObject([CLEAN]);
    await until(() => sockets.size === 0);
  });

  it('are delivered though the program accepts after the end of TCP', async () => {
    const log = new HandlerLog();
    const server = new LiveServer();
    let accepted: WebSocketConnection | undefined;
    server.http.on('upgrade', (request, socket, head) => {
      // Somebody reads the socket meanwhile, as a proxy in front of it may.
      socket.resume();
      socket.once('end', () => {
        const options = resolveWebSocketOptions();
        accepted = accept(request, socket, head, { options, handler: log }) as WebSocketConnection;
      });
    });
    await new Promise<void>((resolve) => server.http.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.stop());
    const peer = new RawPeer(server.port);
    const handshake = Buffer.from(`${HANDSHAKE_LINES.join('\r\n')}\r\n\r\n`);
    peer.socket.end(Buffer.concat([handshake, maskedFrame(0x81, 'in time'), maskedFrame(0x88, CLOSE)]));
    await until(() => log.closes.length > 0);
    expect(accepted!.state).toBe('closed');
    expect(log.texts).toEqual(['in time']);
    expect(log.closes).toMatchObject([CLEAN]);
    await until(() => peer.isClosed);
  });
});

it('reports the end of TCP at once to a paused connection that has no unread input', async () => {
  const { server, peer } = await serverWithPeer();
  const connection = await server.connection();
  server.log.onText = () => connection.pause();
  peer.socket.end(maskedFrame(0x81, 'all there is'));
  await until(() => server.log.closes.length > 0);
  expect(server.log.closes).toMatchObject([LOST]);
});
