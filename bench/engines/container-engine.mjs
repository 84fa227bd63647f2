// @longwire/endpoint behind the same face: an instance of a class for each connection, and one Broadcast of all sessions.
import { Broadcast, defineEndpoint, EndpointContainer } from '@longwire/endpoint';
import { PreparedMessage } from '@longwire/websocket';

/** @typedef {import('./engine.mjs').Engine} Engine */
/** @typedef {import('@longwire/endpoint').Session} Session */

/** @type {(options: import('./engine.mjs').EngineOptions) => Engine} */
export function containerEngine({ server, heartbeatMs, onText }) {
  const room = new Broadcast();
  class Receiver {
    /** Why a program wants an instance for each connection.
     * @type {Session | undefined} */
    session;

    onOpen(/** @type {Session} */ session) {
      this.session = session;
      room.add(session);
    }

    onText(/** @type {string} */ text) {
      onText(text);
    }
  }
  const container = new EndpointContainer();
  container.add(defineEndpoint('/', Receiver, { limits: { heartbeatMs } }));
  container.attach(server);
  return {
    connections: () => room.size,
    broadcast(messages) {
      room.send(PreparedMessage.join(messages.map((text) => PreparedMessage.text(text))));
    },
    broadcastSingly(messages) {
      for (const text of messages) room.send(text);
    },
  };
}
