// The chat room as an annotated class: the decorators mark the handlers.
import { Broadcast, OnClose, OnMessage, OnOpen, ServerEndpoint, type Session } from '@longwire/endpoint';
import { filterHtml } from '../html-filter.js';

const room = new Broadcast({ slow: 'close' });
let guests = 0;

/** Each connection has its own instance, so a field belongs to one guest. */
@ServerEndpoint('/websocket/chat')
export class AnnotatedRoom {
  readonly #nickname = `Guest${guests++}`;

  @OnOpen()
  joined(session: Session) {
    room.add(session);
    room.send(`* ${this.#nickname} has joined.`);
  }

  @OnMessage()
  said(text: string) {
    room.send(`${this.#nickname}: ${filterHtml(text)}`);
  }

  @OnClose()
  left() {
    room.send(`* ${this.#nickname} has disconnected.`);
  }
}
