// An echo server on the bare engine, in a process of its own, for attacks on what the gateway has switched off.
// The options of the engine come as JSON in the first argument; the first line of output is the port.
import { createServer } from 'node:http';
import { accept, resolveWebSocketOptions } from '@longwire/websocket';

const options = resolveWebSocketOptions(JSON.parse(process.argv[2] ?? '{}'));
const handler = {
  /** @param {import('@longwire/websocket').WebSocketConnection} connection @param {string} text */
  onText(connection, text) {
    // `flood <bytes>`: that many bytes are sent at once, for readers that do not read.
    const flood = /^flood (\d+)$/.exec(text);
    if (flood === null) connection.sendText(text);
    else connection.sendBinary(Buffer.alloc(Number(flood[1])));
  },
  /** @param {import('@longwire/websocket').WebSocketConnection} connection @param {Uint8Array} data */
  onBinary(connection, data) {
    connection.sendBinary(data);
  },
};

const server = createServer((_request, response) => {
  // Plain requests come before measurements, which are about memory in use, not about memory that waits for the collector.
  globalThis.gc?.();
  response.end('ok');
});
server.on('upgrade', (request, socket, head) => accept(request, socket, head, { options, handler }));
server.listen(0, '127.0.0.1', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  process.stdout.write(`${address.port}\n`);
});
// The process that started this one has ended, for whatever reason: this one ends too.
process.stdin.on('end', () => process.exit(0)).resume();
