// The hooks of an endpoint into the opening handshake and the making of instances, and their defaults.
import type { ExtensionOffer } from '@longwire/websocket';
import type { Guest, Principal } from './authentication.js';
import type { HandshakeRequest } from './handshake-request.js';
import type { HandshakeResponse } from './handshake-response.js';
import type { OrRefusal } from './refusals.js';

/** May this origin connect? Undefined: the client sent none and is no browser. */
export type OriginCheck = (origin: string | undefined, request: HandshakeRequest) => OrRefusal<boolean>;

/**
 * Decides who may connect and how. One object serves all handshakes of an endpoint, several at once: what belongs to
 * one connection goes into that connection's user properties, never into the configurator.
 *
 * The hooks are called in the order in which they stand here. Each of them may refuse: what {@link refuse} or
 * {@link closeWith} returns refuses this handshake, returned or thrown. A refusal that is neither returned nor thrown
 * has no effect; there is a warning. A hook that throws something else, or does not finish within the time for a
 * handshake (`limits.handshakeTimeoutMs`, which all of them share), refuses this one handshake with 500, in
 * `createInstance` with 1011, and is reported to the container's `onUnhandledError`, because there is no session yet.
 */
export interface Configurator<Instance extends object = object> {
  /**
   * Which pages may connect; others are refused with 403, with a warning once per origin. Absent: those of the host that
   * is connected to ({@link isSameHostOrigin}); in a container with `dev: true`, on loopback also any loopback origin.
   *
   * A list names further pages: `https://app.example.org`, or `https://*.example.org` for any one label in that place.
   * A function decides alone, and only `true` lets in. It is called for every handshake, also without an Origin.
   */
  readonly checkOrigin?: readonly string[] | OriginCheck;
  /**
   * Lets every page of the web connect, with the cookies of its visitor. Only for endpoints that send
   * nothing that is not public. Default false; excludes `checkOrigin`.
   */
  readonly dangerouslyAllowAnyOrigin?: boolean;
  /**
   * Who is this? The principal is `request.principal` for the hooks after this one, and `session.principal`.
   * {@link guest} accepts an unknown client, without a principal. `refuse(401, …)` answers before the upgrade,
   * `closeWith(4401, …)` accepts and closes with a code that pages can read. Anything else, `undefined` included, is an
   * error, and the client is refused.
   */
  authenticate?(request: HandshakeRequest): OrRefusal<Principal | Guest>;
  /**
   * Which of the supported subprotocols to speak, undefined for none. Default: the first supported one that was
   * offered.
   */
  selectSubprotocol?(
    offered: readonly string[],
    supported: readonly string[],
    request: HandshakeRequest,
  ): OrRefusal<string | undefined>;
  /**
   * Which extensions to speak, of those that offer and `limits` allow (`supported`; there is one, permessage-deflate).
   * Default: all of them. An empty list leaves this connection uncompressed.
   */
  selectExtensions?(
    offered: readonly ExtensionOffer[],
    supported: readonly ExtensionOffer[],
    request: HandshakeRequest,
  ): OrRefusal<readonly ExtensionOffer[]>;
  /**
   * The last hook before the answer: adds response headers, or leaves notes for the handlers in the properties of the
   * session that is about to open.
   */
  modifyHandshake?(
    request: HandshakeRequest,
    response: HandshakeResponse,
    userProperties: Map<string, unknown>,
  ): OrRefusal<void>;
  /**
   * Makes the instance whose handlers serve this connection. Default: `new EndpointClass()`. Its handlers are looked up
   * when the session opens, so a subclass, a mock or a proxy is served as what it is. It must have every handler that
   * the class declares, under the same names. Without decorators further handlers count as well, such as fields; with
   * decorators it is those of the declared class that say which methods are handlers. Called after the upgrade: a refusal
   * with a status closes with 1008 and its message as the reason.
   */
  createInstance?(
    endpointClass: new (...parameters: never[]) => Instance,
    request: HandshakeRequest,
  ): OrRefusal<Instance>;
}
