// The name of the protocol and what this version of it offers.

/** The WebSocket subprotocol; a handshake that offers none speaks it too. */
export const subprotocol = 'longwire.v1.json';

/** Second offered subprotocol of a browser: this, followed by the token. Never echoed back. */
export const bearerSubprotocolPrefix = 'bearer.';

/** The bare text message that is answered with `barePong`, at any time. */
export const barePing = 'ping';
export const barePong = 'pong';

/** What a server of this version announces in `connected.features`. Within v1 names are only added. */
export const features = Object.freeze([
  'direct',
  'echo',
  'bytes',
  'headers',
  'receipts',
  'history',
  'channels',
  'refresh',
] as const);
export type Feature = (typeof features)[number];
