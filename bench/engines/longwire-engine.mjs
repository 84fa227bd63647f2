// @longwire/websocket behind the face that the engine benchmarks use.
import { accept, PreparedMessage, resolveWebSocketOptions } from '@longwire/websocket';

/** @typedef {import('./engine.mjs').Engine} Engine */
/** @typedef {import('@longwire/websocket').WebSocketConnection} WebSocketConnection */

/** @type {(options: import('./engine.mjs').EngineOptions) => Engine} */
export function longwireEngine({ server, heartbeatMs, onText }) {
  const options = resolveWebSocketOptions({ heartbeatMs });
  /** @type {Set<WebSocketConnection>} */
  const connections = new Set();
  const handler = {
    onText: (/** @type {WebSocketConnection} */ _connection, /** @type {string} */ text) => onText(text),
    onClose: (/** @type {WebSocketConnection} */ connection) => connections.delete(connection),
  };
  server.on('upgrade', (request, socket, head) => {
    const connection = accept(request, socket, head, { options, handler });
    if ('sendPrepared' in connection) connections.add(connection);
  });
  return {
    connections: () => connections.size,
    broadcast(messages) {
      const prepared = PreparedMessage.join(messages.map((text) => PreparedMessage.text(text)));
      for (const connection of connections) connection.sendPrepared(prepared);
    },
    broadcastSingly(messages) {
      for (const text of messages) {
        const prepared = PreparedMessage.text(text);
        for (const connection of connections) connection.sendPrepared(prepared);
      }
    },
  };
}
