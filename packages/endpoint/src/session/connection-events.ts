// From the engine's callbacks to the dispatcher of the session.
import type { CloseDetails, ConnectionHandler, WebSocketConnection } from '@longwire/websocket';
import type { MessageRoutes } from '../declaring/message-routes.js';

/** What a connection's `data` is: the dispatcher of its session. */
export interface ConnectionEvents {
  receiveText(text: string): void;
  receiveBinary(data: Uint8Array): void;
  receivePart(kind: 'text' | 'binary', part: string | Uint8Array, isLast: boolean): void;
  receive(kind: 'pong' | 'drain', value: Uint8Array | undefined): void;
  report(error: unknown): void;
  closed(reason: CloseDetails): void;
}

/** One object for the connections of all endpoints: each finds its dispatcher in its connection. */
export const connectionHandler: ConnectionHandler = {
  onText: (connection, text) => dispatcherOf(connection).receiveText(text),
  onBinary: (connection, data) => dispatcherOf(connection).receiveBinary(data),
  onPong: (connection, payload) => dispatcherOf(connection).receive('pong', payload),
  onDrain: (connection) => dispatcherOf(connection).receive('drain', undefined),
  onError: (connection, error) => dispatcherOf(connection).report(error),
  onClose: (connection, reason) => dispatcherOf(connection).closed(reason),
};

const onTextPart: ConnectionHandler['onTextPart'] = (connection, part, isLast) =>
  dispatcherOf(connection).receivePart('text', part, isLast);
const onBinaryPart: ConnectionHandler['onBinaryPart'] = (connection, part, isLast) =>
  dispatcherOf(connection).receivePart('binary', part, isLast);

// By whether text and binary messages come in parts; the engine asks by looking for the callbacks.
const inParts = new WeakMap<ConnectionHandler, Map<number, ConnectionHandler>>();

/** `whole`, or a handler like it that gets those messages in parts which the routes want so. */
export function handlerFor(whole: ConnectionHandler, routes: MessageRoutes): ConnectionHandler {
  const wantsText = routes.text === 'textPart' || routes.text === 'textStream';
  const wantsBinary = routes.binary === 'binaryPart' || routes.binary === 'binaryStream';
  if (!wantsText && !wantsBinary) return whole;
  let variants = inParts.get(whole);
  if (variants === undefined) {
    variants = new Map();
    inParts.set(whole, variants);
  }
  const key = (wantsText ? 1 : 0) + (wantsBinary ? 2 : 0);
  let variant = variants.get(key);
  if (variant === undefined) {
    variant = Object.create(whole) as ConnectionHandler;
    if (wantsText) variant.onTextPart = onTextPart;
    if (wantsBinary) variant.onBinaryPart = onBinaryPart;
    variants.set(key, variant);
  }
  return variant;
}

function dispatcherOf(connection: WebSocketConnection): ConnectionEvents {
  return connection.data as ConnectionEvents;
}
