// @longwire/endpoint: the public list. Not here on purpose: dispatcher, path table and opening handshake (they serve
// the container and change with it), and the constructors of Session, MountedEndpoint and EndpointDefinition (the
// container and defineEndpoint make them).

// Sessions.
export type { ExtensionOffer, ExtensionParameter } from '@longwire/websocket';
// Many sessions at once.
export { Broadcast, type BroadcastResult } from './broadcast/broadcast.js';
export type { BroadcastOptions, BroadcastSendOptions, SlowReceiverPolicy } from './broadcast/broadcast-options.js';
// Connecting to servers.
export type { ClientConnection, ClientState } from './client/client-connection.js';
export { ClientEndpoint } from './client/client-endpoint.js';
export {
  type ClientEndpointDefinition,
  type ClientEndpointObject,
  type ClientPath,
  defineClientEndpoint,
} from './client/client-endpoint-definition.js';
export type {
  ClientAnswer,
  ClientConnectionOptions,
  ClientEndpointOptions,
  ClientHeaders,
} from './client/client-options.js';
export { isWorthReconnecting, type ReconnectOptions } from './client/reconnecting.js';
// Serving them.
export type { ContainerCloseOptions, SessionCloseOptions } from './container/closing.js';
export { EndpointContainer } from './container/container.js';
export type { ContainerOptions } from './container/container-options.js';
export type { MountedEndpoint } from './container/mounted-endpoint.js';
export type { UnhandledErrorCallback, UnhandledErrorContext } from './container/unhandled-error.js';
export { OnClose, OnError, OnMessage, OnOpen } from './declaring/decorators/handler-decorators.js';
export { ServerEndpoint } from './declaring/decorators/server-endpoint.js';
export {
  defineEndpoint,
  type EndpointClass,
  type EndpointDefinition,
  type EndpointObject,
} from './declaring/endpoint-definition.js';
export type { EndpointConfig, EndpointOptions, ResolvedEndpointOptions } from './declaring/endpoint-options.js';
export type { EndpointHandlers } from './declaring/handlers.js';
export type {
  HandlerResult,
  MessageDelivery,
  MessageHandler,
  MessageHandlerOptions,
  MessageResult,
} from './declaring/message-handler.js';
export { Endpoint } from './declaring/programmatic-endpoint.js';
// Errors.
export { EndpointError, type EndpointErrorCode, endpointErrorCatalogue } from './errors.js';
// Handshakes.
export { type Guest, guest, type Principal } from './handshake/authentication.js';
export type { Configurator, OriginCheck } from './handshake/configurator.js';
export type { HandshakeRequest } from './handshake/handshake-request.js';
export type { HandshakeResponse } from './handshake/handshake-response.js';
export { isSameHostOrigin } from './handshake/origin.js';
export { type ConnectionRefusal, closeWith, refuse } from './handshake/refusals.js';
// Messages: objects, parts, streams.
export type { BinaryMessageDecoder, Decoder, DecoderEntry, TextMessageDecoder } from './messages/decoders.js';
export type { Encoder, EncoderEntry } from './messages/encoders.js';
export type { StandardSchema } from './messages/json-codecs.js';
export { jsonDecoder, jsonEncoder } from './messages/json-codecs.js';
export type { MessageStream } from './messages/message-stream.js';
export type { MessageWriter } from './messages/message-writer.js';
export type { MessageSource } from './messages/queued-sender.js';
// Seeing what goes on.
export type { ContainerObserver, FaultContext } from './observing/observer.js';
export { type WireLog, type WriteLine, wireLog } from './observing/wire-log.js';
export type { PathParameters } from './paths/path-template.js';
// Behind proxies.
export { TrustedProxies } from './proxies/trusted-proxies.js';
// Finding endpoints.
export {
  defineApplication,
  type EndpointApplication,
  type EndpointApplicationConfig,
  type ScannedEndpoint,
} from './scanning/application.js';
export type { ModuleMap } from './scanning/module-exports.js';
export type { ScanOptions } from './scanning/scan.js';
export type { CloseCause, CloseReason } from './session/close-reason.js';
export type { Session } from './session/session.js';
export type { SessionFilter } from './session/session-filter.js';
export { upgradeRequired } from './upgrade/upgrade-required.js';
export type { ContainerWarning, WarningCallback, WarningKind } from './warnings.js';
