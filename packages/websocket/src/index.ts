// @longwire/websocket: the public list. Private on purpose: reader, writer and write queue of a live connection (they
// serve one connection and change with it), and the zlib engines.

// Options, errors and close codes.
export { WebSocketCloseCode } from './close-codes.js';
export { type ConnectionHandler, WebSocketConnection } from './connection/connection.js';
export type { HandlerOf, ReadyState } from './connection/connection-setup.js';
// Live connections.
export type { CloseDetails, CloseOptions } from './connection/lifecycle/closing-handshake.js';
// Not WebSocket, for the packages that build on this one: deadlines of any number of objects with one timer, a queue of any
// length, and checks of option objects.
export { peerAddressOf } from './connection/lifecycle/peer-address.js';
export { TimerWheel, type WheelEntry } from './connection/lifecycle/timer-wheel.js';
export type { MessageOptions } from './connection/output/connection-output.js';
export type { FragmentWriter } from './connection/output/fragment-writer.js';
export { TurnBuffer } from './connection/output/turn-buffer.js';
export {
  WebSocketError,
  type WebSocketErrorCode,
  type WebSocketErrorDetails,
  webSocketErrorCatalogue,
} from './errors.js';
// Sec-WebSocket-Extensions.
export { type ExtensionOffer, type ExtensionParameter, parseExtensions } from './extension/extension-header.js';
// The engine without I/O, for conformance tests, fuzzers and benchmarks.
export { FrameDecoder, type FrameSink } from './frame/frame-decoder.js';
export { encodeFrame, encodeTextFrame, firstByte } from './frame/frame-encoder.js';
export type { SeenFrame } from './frame/frame-tap.js';
export { type ControlOpcode, type DataOpcode, Opcode, type Role } from './frame/opcode.js';
// Opening connections.
export { type AcceptOptions, type AcceptSettings, accept, acceptChecked } from './handshake/accept.js';
export { type CheckedHandshake, type ClientHandshake, checkHandshake } from './handshake/check-handshake.js';
export { dial } from './handshake/dial.js';
export type { DialOptions } from './handshake/dial-options.js';
export { isLoopbackAddress, isLoopbackHost, isLoopbackOrigin } from './handshake/loopback.js';
export { isSameOrigin, type OriginParts, parseOrigin } from './handshake/origin.js';
export { type HandshakeRefusal, refusal, refuseHandshake, upgradeRefusal } from './handshake/refusal.js';
export { parseSubprotocols, selectSubprotocol } from './handshake/subprotocol.js';
export { assertKnownNames, type KnownNamesOptions, nearestName, type OptionFault } from './known-names.js';
export type { MessageKind } from './message/assembler.js';
export { MessageAssembler, type MessageSink } from './message/assembler.js';
export {
  type ClosePayload,
  decodeClosePayload,
  encodeClosePayload,
  isCloseCodeOnWire,
  MAX_CLOSE_REASON_BYTES,
} from './message/close-payload.js';
export { PreparedMessage, type PreparedMessageOptions } from './message/prepared-message.js';
export { Utf8Validator } from './message/utf8.js';
export {
  type PerMessageDeflateOptions,
  type ResolvedPerMessageDeflateOptions,
  type ResolvedWebSocketOptions,
  resolveWebSocketOptions,
  type WebSocketOptions,
} from './options.js';
export { Queue } from './queue.js';
