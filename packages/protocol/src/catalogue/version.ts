// The names by which a client finds and speaks the protocol, and the features of this version.

/** The path of the WebSocket, relative to the server's URL. */
export const connectPath = '/v1/connect';

/** The WebSocket subprotocol. A handshake that offers none uses it too. */
export const subprotocol = 'longwire.v1.json';

/** A browser offers this prefix and its token as a second subprotocol. The server never selects it. */
export const bearerSubprotocolPrefix = 'bearer.';

/** The server answers this text message, which is not JSON, with `barePong` at any time. */
export const barePing = 'ping';
export const barePong = 'pong';

/** The `connected.features` of a server of this version. Within v1, features are only added. */
export const features = /* @__PURE__ */ Object.freeze([
  'direct',
  'echo',
  'bytes',
  'headers',
  'receipts',
  'signals',
  'presence',
  'settings',
  'blocks',
  'preferences',
  'history',
  'channels',
  'refresh',
  'batch',
  'groups',
  'invitations',
  'groupReceipts',
  'profiles',
  'search',
  'inbox',
  'announcements',
  'expiry',
  'slots',
  'singleReads',
] as const);
export type Feature = (typeof features)[number];
