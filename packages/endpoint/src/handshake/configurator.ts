// The hooks of an endpoint into the opening handshake and the making of instances, and their defaults.
import type { HandshakeRequest } from './handshake-request.js';
import type { HandshakeResponse } from './handshake-response.js';

type Awaitable<Value> = Value | PromiseLike<Value>;

/**
 * Decides who may connect and how. One object serves all handshakes of an endpoint, several at once: what belongs to
 * one connection goes into that connection's user properties, never into the configurator. A hook that throws, rejects
 * or does not finish within the time for a handshake refuses this one handshake with 500 (or 1011 in `createInstance`)
 * and is reported to the container's `onUnhandledError`, because there is no session yet.
 */
export interface Configurator<Instance extends object = object> {
  /**
   * May this origin connect? Refused with 403. Called for every handshake, also for those without an Origin header,
   * which do not come from browsers. Default: {@link isSameHostOrigin}; in a container with `dev: true`, on loopback
   * also any loopback origin.
   */
  checkOrigin?(origin: string | undefined, request: HandshakeRequest): Awaitable<boolean>;
  /**
   * Which of the supported subprotocols to speak, undefined for none. Default: the first supported one that was
   * offered.
   */
  selectSubprotocol?(
    offered: readonly string[],
    supported: readonly string[],
    request: HandshakeRequest,
  ): Awaitable<string | undefined>;
  /**
   * The last hook before the answer: adds response headers, refuses with an HTTP status, or leaves notes for the
   * handlers in the properties of the session that is about to open.
   */
  modifyHandshake?(
    request: HandshakeRequest,
    response: HandshakeResponse,
    userProperties: Map<string, unknown>,
  ): Awaitable<void>;
  /** Makes the instance whose handlers serve this connection. Default: `new EndpointClass()`. */
  createInstance?(
    endpointClass: new (...parameters: never[]) => Instance,
    request: HandshakeRequest,
  ): Awaitable<Instance>;
}

export const configuratorHookNames = ['checkOrigin', 'selectSubprotocol', 'modifyHandshake', 'createInstance'] as const;
