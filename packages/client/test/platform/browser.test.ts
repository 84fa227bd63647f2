// The socket of the browser platform, against real servers. `ws` has the WebSocket of browsers where Node has none.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { platform } from '../../src/platform/browser.js';

class BrowserWebSocket extends WebSocket {
  constructor(url: string, subprotocol: string) {
    super(url, subprotocol);
    // A browser does not throw what nothing listens to.
    this.on('error', () => undefined);
  }
}

let http: Server;
beforeEach(async () => {
  vi.stubGlobal('WebSocket', BrowserWebSocket);
  http = createServer();
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await new Promise((resolve) => http.close(resolve));
});

/** How a socket to the server ends. */
function ended(): Promise<{ code: number; reason: string; isOpened: boolean }> {
  return new Promise((resolve) => {
    let isOpened = false;
    platform.openSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, 'longwire.v1.json', {
      onOpen: () => {
        isOpened = true;
      },
      onText: () => undefined,
      onClose: (code, reason) => resolve({ code, reason, isOpened }),
    });
  });
}

it('a handshake that is refused ends with 1006 and what to check: address, server, proxies, origin', async () => {
  http.on('upgrade', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'));
  const { code, reason, isOpened } = await ended();
  expect({ code, isOpened }).toEqual({ code: 1006, isOpened: false });
  for (const word of ['address', 'server runs', 'proxies', '--allowed-origins']) expect(reason).toContain(word);
});

it('a connection that was open ends with the code and the reason of the server', async () => {
  const server = new WebSocketServer({ server: http });
  server.on('connection', (socket) => socket.close(4001, 'restart'));
  expect(await ended()).toEqual({ code: 4001, reason: 'restart', isOpened: true });
  server.close();
});
