// The container: which endpoints there are, which http servers they answer on, and how all of it ends.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { refusal, refuseHandshake } from '@longwire/websocket';
import type { ClientConnection } from '../client/client-connection.js';
import { ClientConnections } from '../client/client-connections.js';
import { clientDefinitionOf } from '../client/client-endpoint.js';
import type { ClientEndpointDefinition } from '../client/client-endpoint-definition.js';
import type { ClientConnectionOptions } from '../client/client-options.js';
import { definitionOf } from '../declaring/decorators/server-endpoint.js';
import type { EndpointClass, EndpointDefinition } from '../declaring/endpoint-definition.js';
import { EndpointError } from '../errors.js';
import { requestedPathOf } from '../handshake/handshake-request.js';
import { Opening, type OpeningHost } from '../handshake/opening.js';
import { assertKnownNames } from '../option-checks.js';
import type { PathParameters } from '../paths/path-template.js';
import { settledWithin } from '../promises.js';
import type { ModuleMap } from '../scanning/module-exports.js';
import { type ScanOptions, scanForEndpoints } from '../scanning/scan.js';
import type { Session } from '../session/session.js';
import {
  addUpgradeTaker,
  assertServer,
  removeUpgradeTaker,
  type UpgradeTaken,
  unreadablePath,
} from '../upgrade/upgrade-listener.js';
import { inTurn, type UpgradeRequest } from '../upgrade/upgrade-request.js';
import {
  type ContainerCloseOptions,
  closeInWaves,
  type ResolvedCloseOptions,
  resolveCloseOptions,
  type SessionCloseOptions,
} from './closing.js';
import { type ContainerOptions, type ResolvedContainerOptions, resolveContainerOptions } from './container-options.js';
import { EndpointRegister } from './endpoint-register.js';
import type { MountedEndpoint } from './mounted-endpoint.js';

const closingAnswer = refusal(503, 'The server is closing.');
const busyAnswer = refusal(503, 'Too many handshakes are going on.', { 'Retry-After': '1' });

/** The values of a path's variables, as an argument: none if it has none, optional where the path is not known by type. */
type PathArguments<Path extends string> = string extends Path
  ? [parameters?: Readonly<Record<string, string>>]
  : keyof PathParameters<Path> extends never
    ? []
    : [parameters: PathParameters<Path>];

/**
 * Serves endpoints on any number of http servers.
 * ```ts
 * const container = new EndpointContainer();
 * container.add(Chat);
 * container.attach(server); // any http.Server or https.Server, listening or not
 * ```
 */
export class EndpointContainer {
  readonly #options: ResolvedContainerOptions;
  readonly #register: EndpointRegister;
  readonly #clients: ClientConnections;
  readonly #servers = new Set<Server>();
  readonly #opening: OpeningHost;
  #closing: Promise<void> | undefined;

  /** @throws EndpointError unknown_option, invalid_option */
  constructor(options: ContainerOptions = {}) {
    this.#options = resolveContainerOptions(options);
    this.#register = new EndpointRegister(this.#options);
    this.#clients = new ClientConnections(this.#options, this.#register);
    this.#opening = { options: this.#options, waiting: new Set() };
  }

  /**
   * Adds an endpoint: a class with `@ServerEndpoint`, or what {@link defineEndpoint} made. Works at any time, also
   * while serving.
   * @throws EndpointError not_an_endpoint, duplicate_path; invalid_option for anything beside the endpoint
   */
  add<Path extends string = string>(endpoint: EndpointDefinition<Path> | EndpointClass): MountedEndpoint<Path>;
  add(endpoint: EndpointClass | EndpointDefinition, second?: unknown): MountedEndpoint {
    const definition = definitionOf(endpoint);
    // An index comes from the forEach of a list; anything else was meant to be heeded.
    if (second !== undefined && typeof second !== 'number') {
      const advice = 'options stand in the declaration, and each endpoint is added by itself';
      throw new EndpointError('invalid_option', `add ${definition.name}: expected nothing besides; ${advice}`);
    }
    return this.#register.add([definition])[0]!;
  }

  /**
   * Loads every module of a folder, and of the folders in it, and adds the endpoints that they export: classes with
   * `@ServerEndpoint` and what {@link defineEndpoint} made, alone or in lists and plain objects (as in
   * `module.exports = { chat }`), unless `filter` or an application ({@link defineApplication}) leaves them out.
   * Resolves with what was added; if anything fails, nothing was.
   * ```ts
   * await container.scan(new URL('./endpoints/', import.meta.url));
   * console.log(container.describe());
   * ```
   * @param source  a folder as a path (from the working directory) or a `file:` URL, or modules by name, or one
   *   module as `import * as` gives it. Of a folder the files `*.js`, `*.mjs`, `*.cjs` and, where this Node
   *   runs them, `*.ts`; no `*.d.ts`, no `*.test.*`, `*.spec.*`
   * @throws EndpointError (rejects) scan_failed, duplicate_path, not_an_endpoint, unknown_option, invalid_option; what
   *   the filter and applications throw
   */
  async scan(source: string | URL | ModuleMap, options: ScanOptions = {}): Promise<MountedEndpoint[]> {
    return this.#register.add([...(await scanForEndpoints(source, options))]);
  }

  /**
   * Takes the endpoint at this path template out of service: handshakes are answered with 404 from now on, also those
   * that are going on. Open sessions stay, unless `close` says what is sent to them. Undefined when there is no such
   * endpoint.
   * @throws EndpointError unknown_option, invalid_option
   */
  remove(path: string, options: { readonly close?: SessionCloseOptions } = {}): MountedEndpoint | undefined {
    assertKnownNames(options, ['close'], 'remove');
    const closing = options.close === undefined ? undefined : resolveCloseOptions(options.close);
    const removed = this.#register.remove(path);
    if (closing !== undefined) removed?.closeSessions(closing.code, closing.reason);
    return removed;
  }

  /** All endpoints by path, in the order in which their templates are tried. */
  endpoints(): ReadonlyMap<string, MountedEndpoint> {
    return new Map(this.#register.inService().map((mounted) => [mounted.path, mounted]));
  }

  /**
   * The endpoints as text for people, a line for each:
   * `GET /chat/{room}  Chat (per connection, subprotocols: v1)`.
   */
  describe(): string {
    return this.#register.describe();
  }

  /**
   * True when an endpoint answers at this request target (`request.url`): for http listeners that answer 426, see
   * {@link upgradeRequired}.
   */
  serves(target: string): boolean {
    return this.#register.find(requestedPathOf(target)).kind === 'found';
  }

  /**
   * Takes the upgrade requests of a server that are for this container's endpoints, until {@link detach}; other
   * `upgrade` listeners do not see those and keep theirs. An unknown path is answered with 404 when there is
   * no other listener. Attaching twice does nothing.
   * @throws EndpointError not_a_server: for an application of a framework, the message says where its server is
   */
  attach(server: Server): void {
    assertServer(server);
    this.#servers.add(server);
    addUpgradeTaker(server, this.#take);
  }

  /** Takes no more requests of this server; open sessions stay. */
  detach(server: Server): void {
    this.#servers.delete(server);
    removeUpgradeTaker(server, this.#take);
  }

  /**
   * Takes one upgrade request, with the parameters of node:http's `upgrade` event: for programs that have that listener
   * themselves. False when no endpoint has its path; then nothing was answered.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const upgrade = { request, socket, head, isAsReceived: false };
    return this.#take(requestedPathOf(request.url ?? '/'), upgrade) === 'taken';
  }

  /**
   * Upgrades any request to an endpoint, whatever its path: for programs with a routing of their own. The endpoint need
   * not have been added. Everything else is as ever: the origin, the configurator, the sessions, {@link close}.
   * Resolves with the session once it is open, with undefined when the client was refused or has gone. Never rejects.
   * @param parameters  values of the endpoint's path variables
   * @throws EndpointError not_an_endpoint; invalid_option for missing or unknown parameters
   */
  upgrade<Path extends string = string>(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    endpoint: EndpointDefinition<Path> | EndpointClass,
    ...parameters: PathArguments<NoInfer<Path>>
  ): Promise<Session<Path> | undefined>;
  upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    endpoint: EndpointClass | EndpointDefinition,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<Session | undefined> {
    const definition = definitionOf(endpoint);
    const values = definition.template.parametersOf(parameters);
    const asked = { request, socket, head, isAsReceived: false };
    return this.#register.use(definition, async (mounted) => inTurn(asked, () => this.#open(mounted, values, asked)));
  }

  /**
   * Connects a client endpoint, a class with `@ClientEndpoint` or what {@link defineClientEndpoint} made, to a server.
   * Resolves once the session is open and its `onOpen` has been called. {@link close} closes it with the others.
   * @param url  `ws:` or `wss:`
   * @throws EndpointError (rejects) connect_failed with the engine's WebSocketError as its cause, when nothing more is
   *   to be tried; not_an_endpoint, unknown_option, invalid_option
   */
  async connect(
    endpoint: ClientEndpointDefinition | EndpointClass,
    url: string | URL,
    options: ClientConnectionOptions = {},
  ): Promise<ClientConnection> {
    return this.#clients.connect(clientDefinitionOf(endpoint), url, options);
  }

  /**
   * Ends everything: new handshakes are refused with 503, sessions closed with the code, handlers awaited, and what is
   * left after `withinMs` terminated. Resolves when no session is left, every `onClose` has been called, and this
   * container listens on no server; a handler that never settles is not waited for longer than `withinMs`. A second call
   * waits for the first.
   * @throws EndpointError unknown_option, invalid_option
   */
  close(options: ContainerCloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(resolveCloseOptions(options));
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(options: ResolvedCloseOptions): Promise<void> {
    const begun = performance.now();
    this.#clients.stop();
    for (const opening of this.#opening.waiting) opening.refuse(closingAnswer);
    const endpoints = this.#register.all();
    const allEnded = Promise.all(endpoints.map((endpoint) => endpoint.finished()));
    const sessions = endpoints.flatMap((endpoint) => endpoint.openSessions());
    await closeInWaves(sessions, options, allEnded);
    await settledWithin(allEnded, Math.max(0, begun + options.withinMs - performance.now()));
    await Promise.all(endpoints.map((endpoint) => endpoint.terminateConnections()));
    for (const server of this.#servers) this.detach(server);
  }

  readonly #take = (path: string, upgrade: UpgradeRequest): UpgradeTaken => {
    this.#options.wireLog?.watchRefusal(upgrade);
    const found = this.#register.find(path);
    if (found.kind === 'unknown') return found.isReadable ? 'unknown' : 'malformed';
    void inTurn(upgrade, () => {
      if (found.kind === 'found') return this.#open(found.target, found.parameters, upgrade);
      return refuseHandshake(upgrade.socket, unreadablePath);
    });
    return 'taken';
  };

  #open(
    endpoint: MountedEndpoint,
    parameters: Readonly<Record<string, string>>,
    upgrade: UpgradeRequest,
  ): Session | undefined | Promise<Session | undefined> {
    const isBusy = this.#opening.waiting.size >= this.#options.maxPendingHandshakes;
    if (this.#closing === undefined && !isBusy) return new Opening(this.#opening, endpoint, parameters, upgrade).run();
    refuseHandshake(upgrade.socket, isBusy ? busyAnswer : closingAnswer);
    return undefined;
  }
}
