// `ws` as its documentation shows it: `client.send` in a loop, compression off.
import { WebSocketServer } from 'ws';

/** @typedef {import('./engine.mjs').Engine} Engine */

/** @type {(options: import('./engine.mjs').EngineOptions) => Engine} */
export function wsEngine({ server, onText }) {
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => onText(data.toString()));
    socket.on('error', () => undefined);
  });
  /** @param {readonly string[]} messages */
  const broadcast = (messages) => {
    for (const text of messages) {
      for (const client of sockets.clients) client.send(text);
    }
  };
  return { connections: () => sockets.clients.size, broadcast, broadcastSingly: broadcast };
}
