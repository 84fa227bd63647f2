import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { tlsCertificate } from '@longwire/test-support/tls-certificate';
import { expect, it } from 'vitest';
import { peerAddressOf } from '../../../src/connection/lifecycle/peer-address.js';

it('peerAddressOf is socket.remoteAddress of a TCP socket, and leaves nothing on it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  const before = Object.keys(socket);
  expect(peerAddressOf(socket)).toBe('127.0.0.1');
  expect(Object.keys(socket)).toEqual(before);
  expect(peerAddressOf(socket)).toBe(socket.remoteAddress);
  socket.destroy();
  // Known from before, as Node keeps it.
  expect(peerAddressOf(socket)).toBe('127.0.0.1');
  client.destroy();
  server.close();
});

it('peerAddressOf is socket.remoteAddress of a TLS socket', async () => {
  const server = createTlsServer(tlsCertificate).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connectTls({ port, host: '127.0.0.1', ca: tlsCertificate.cert, servername: 'localhost' });
  const [socket] = (await once(server, 'secureConnection')) as [Socket];
  expect(peerAddressOf(socket)).toBe('127.0.0.1');
  client.destroy();
  server.close();
});

it("peerAddressOf is '' for a Unix socket and for one that is not connected", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'longwire-peer-'));
  const server = createServer().listen(join(folder, 'socket'));
  await once(server, 'listening');
  const client = connect(join(folder, 'socket'));
  const [socket] = (await once(server, 'connection')) as [Socket];
  expect(peerAddressOf(socket)).toBe('');
  expect(peerAddressOf(new Socket())).toBe('');
  client.destroy();
  server.close();
  await rm(folder, { recursive: true });
});
