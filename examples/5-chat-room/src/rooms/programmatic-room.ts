// The same room without decorators: the endpoint itself adds the message handler when a session opens.
import { Broadcast, defineEndpoint, Endpoint, type Session } from '@longwire/endpoint';
import { filterHtml } from '../html-filter.js';

const room = new Broadcast({ slow: 'close' });
let guests = 0;

class ProgrammaticRoom extends Endpoint {
  readonly #nickname = `Guest${guests++}`;

  override onOpen(session: Session) {
    room.add(session);
    room.send(`* ${this.#nickname} has joined.`);
    session.addMessageHandler({ kind: 'text' }, (text) => {
      room.send(`${this.#nickname}: ${filterHtml(text)}`);
    });
  }

  override onClose() {
    room.send(`* ${this.#nickname} has disconnected.`);
  }
}

export const programmaticRoom = defineEndpoint('/websocket/chat2', ProgrammaticRoom);
