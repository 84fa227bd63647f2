// npm run conformance:server -- --port N [--deflate]: an echo server on the engine, for conformance suites.
// Text comes back as text, binary as binary, messages up to 16 MiB. The first line of output ends with the port.
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { bootstrapOrExit } from '../scripts/bootstrap.mjs';
import { watchForStarter } from '../scripts/starter.mjs';
import { echoHandler, echoOptions } from './echo.mjs';

const starterPollMs = 500;
const stopWithinMs = 2_000;
const goingAway = 1001;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '9001' },
    host: { type: 'string', default: '127.0.0.1' },
    deflate: { type: 'boolean', default: false },
  },
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  process.stderr.write(`--port must be a whole number from 0 (any free port) to 65535, not ${values.port}\n`);
  process.exit(1);
}

// Taken before the preparation: npm may be killed while it runs.
const isStarterGone = watchForStarter();
await bootstrapOrExit('npm run conformance:server');
// Not before the bootstrap: it is compiled there.
const { accept, refuseHandshake, resolveWebSocketOptions, upgradeRefusal, WebSocketConnection } = await import(
  '@longwire/websocket'
);

const options = resolveWebSocketOptions(echoOptions({ deflate: values.deflate }));
/** @type {Set<import('@longwire/websocket').WebSocketConnection>} */
const connections = new Set();
const handler = {
  ...echoHandler,
  /** @param {import('@longwire/websocket').WebSocketConnection} connection */
  onClose: (connection) => connections.delete(connection),
};

const server = createServer((request, response) => {
  refuseHandshake(request.socket, upgradeRefusal('This server speaks WebSocket only.'));
  response.detachSocket(request.socket);
});
server.on('upgrade', (request, socket, head) => {
  const connection = accept(request, socket, head, { options, handler });
  if (connection instanceof WebSocketConnection) connections.add(connection);
});
server.once('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
server.listen(port, values.host, () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  process.stdout.write(
    `Conformance server${values.deflate ? ' with permessage-deflate' : ''} on port ${address.port}\n`,
  );
});

let isStopping = false;
function stop() {
  if (isStopping) return;
  isStopping = true;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  for (const connection of connections) connection.close(goingAway);
  setTimeout(() => process.exit(0), stopWithinMs).unref();
}

process.on('SIGTERM', stop);
process.on('SIGINT', stop);
// A killed npm ends without a word to us.
setInterval(() => {
  if (isStarterGone()) stop();
}, starterPollMs).unref();
