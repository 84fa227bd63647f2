// @longwire/endpoint: the public list. Not here on purpose: dispatcher, path table and opening handshake (they serve
// the container and change with it), and the constructors of Session, MountedEndpoint and EndpointDefinition (the
// container and defineEndpoint make them).

// Sessions.
export type { CloseReason } from '@longwire/websocket';
// Declaring endpoints.
export type { Configurator } from './configurator.js';
// Serving them.
export { type ContainerCloseOptions, EndpointContainer } from './container.js';
export type { ContainerOptions } from './container-options.js';
export { OnClose, OnError, OnMessage, OnOpen } from './decorators/handler-decorators.js';
export { ServerEndpoint } from './decorators/server-endpoint.js';
export {
  defineEndpoint,
  type EndpointClass,
  type EndpointDefinition,
  type EndpointObject,
} from './endpoint-definition.js';
export type { EndpointOptions } from './endpoint-options.js';
// Errors.
export { EndpointError, type EndpointErrorCode, endpointErrorCatalogue } from './errors.js';
export type { EndpointHandlers, HandlerResult, MessageResult } from './handlers.js';
// Handshakes.
export type { HandshakeRequest } from './handshake-request.js';
export type { HandshakeResponse } from './handshake-response.js';
export type { MountedEndpoint } from './mounted-endpoint.js';
export { isSameHostOrigin } from './origin.js';
export type { PathParameters } from './path-template.js';
export type { Session, SessionFilter } from './session.js';
export type { UnhandledErrorCallback, UnhandledErrorContext } from './unhandled-error.js';
export { upgradeRequired } from './upgrade-required.js';
