// The connections of one container to servers.
import type { ClientRequest, IncomingMessage } from 'node:http';
import { inspect } from 'node:util';
import { dial, type WebSocketConnection } from '@longwire/websocket';
import type { ResolvedContainerOptions } from '../container/container-options.js';
import type { EndpointRegister } from '../container/endpoint-register.js';
import type { MountedEndpoint } from '../container/mounted-endpoint.js';
import type { EndpointDefinition } from '../declaring/endpoint-definition.js';
import { EndpointError } from '../errors.js';
import { HandshakeRequest } from '../handshake/handshake-request.js';
import { HandshakeHooks } from '../handshake/hooks.js';
import type { ConnectionLog } from '../observing/wire-log.js';
import { answeredAtOnce } from '../promises.js';
import type { CloseReason } from '../session/close-reason.js';
import { type Session, UserProperties } from '../session/session.js';
import { connectionHandler } from '../session/session-input.js';
import { ClientConnection, type Dialled, type Dialler, type RunConnection } from './client-connection.js';
import type { ClientEndpointDefinition, ClientPath } from './client-endpoint-definition.js';
import {
  type ClientConnectionOptions,
  type ResolvedClientConnectionOptions,
  resolveClientConnectionOptions,
} from './client-options.js';

export class ClientConnections {
  readonly #container: ResolvedContainerOptions;
  readonly #register: EndpointRegister;
  readonly #connections = new Set<ClientConnection>();
  #isStopped = false;

  constructor(container: ResolvedContainerOptions, register: EndpointRegister) {
    this.#container = container;
    this.#register = register;
  }

  /** @throws EndpointError (rejects) connect_failed, unknown_option, invalid_option */
  async connect(
    definition: ClientEndpointDefinition,
    url: string | URL,
    given: ClientConnectionOptions,
  ): Promise<ClientConnection> {
    const where = `connect ${definition.name}`;
    const { subprotocols } = definition.endpoint.options;
    const options = resolveClientConnectionOptions(given, definition.options, subprotocols, where);
    if (this.#isStopped) throw connectFailed(url, 'the container is closing', undefined);
    const dialling = new Dialling(this.#container, this.#register, definition.endpoint, url, options);
    let run!: RunConnection;
    const connection = new ClientConnection(dialling, options.reconnect, (runConnection) => {
      run = runConnection;
    });
    this.#connections.add(connection);
    const giveUp = (): void => connection.stop();
    options.signal?.addEventListener('abort', giveUp);
    if (options.signal?.aborted === true) giveUp();
    try {
      await new Promise<void>((opened, gaveUp) => {
        void run(opened, gaveUp).finally(() => this.#connections.delete(connection));
      });
      return connection;
    } finally {
      options.signal?.removeEventListener('abort', giveUp);
    }
  }

  /** No connection is made any more, and none comes back; the open sessions are the container's to close. */
  stop(): void {
    this.#isStopped = true;
    for (const connection of this.#connections) connection.stop();
  }
}

/** The attempts of one connection. */
class Dialling implements Dialler {
  readonly #container: ResolvedContainerOptions;
  readonly #register: EndpointRegister;
  readonly #definition: EndpointDefinition<ClientPath>;
  readonly #url: string | URL;
  readonly #options: ResolvedClientConnectionOptions;

  constructor(
    container: ResolvedContainerOptions,
    register: EndpointRegister,
    definition: EndpointDefinition<ClientPath>,
    url: string | URL,
    options: ResolvedClientConnectionOptions,
  ) {
    this.#container = container;
    this.#register = register;
    this.#definition = definition;
    this.#url = url;
    this.#options = options;
  }

  dial(signal: AbortSignal): Promise<Dialled> {
    return this.#register.use(this.#definition, (endpoint) => this.#dial(endpoint, signal));
  }

  async #dial(endpoint: MountedEndpoint<ClientPath>, signal: AbortSignal): Promise<Dialled> {
    const { subprotocols, tls } = this.#options;
    const options = this.#definition.options.webSocket;
    const attempt = new Attempt(this.#container, endpoint, this.#options);
    try {
      await dial(this.#url, {
        handler: connectionHandler,
        options,
        subprotocols,
        headers: await new HandshakeHooks(options.handshakeTimeoutMs).call('headers', () => this.#options.headers()),
        signal,
        ...(tls === undefined ? {} : { tls }),
        onAnswer: (answer, request) => attempt.answered(answer, request),
        onOpen: (connection) => attempt.opened(connection),
      });
    } catch (cause) {
      throw connectFailed(this.#url, cause instanceof Error ? cause.message : inspect(cause), cause);
    }
    return { session: attempt.session!, ended: attempt.ended };
  }

  reportUnhandled(error: unknown, session: Session<ClientPath> | undefined): void {
    const request = session?.handshake ?? plannedHandshake(this.#url, this.#options.subprotocols);
    this.#container.reportUnhandled(error, { during: 'reconnect', endpoint: this.#definition.name, session, request });
  }
}

/** One handshake, and the session it leads to. */
class Attempt {
  readonly ended: Promise<CloseReason>;
  session: Session<ClientPath> | undefined;
  readonly #container: ResolvedContainerOptions;
  readonly #endpoint: MountedEndpoint<ClientPath>;
  readonly #options: ResolvedClientConnectionOptions;
  #handshake!: HandshakeRequest;
  #userProperties: UserProperties | undefined;
  #log: ConnectionLog | undefined;
  #end!: (reason: CloseReason) => void;

  constructor(
    container: ResolvedContainerOptions,
    endpoint: MountedEndpoint<ClientPath>,
    options: ResolvedClientConnectionOptions,
  ) {
    this.#container = container;
    this.#endpoint = endpoint;
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  answered(answer: IncomingMessage, request: ClientRequest): void {
    this.#log = this.#container.wireLog?.watchDialled(request, answer);
    this.#handshake = handshakeOf(request, answer);
    const { afterResponse } = this.#options;
    if (afterResponse === undefined) return;
    this.#userProperties = new UserProperties();
    const said: unknown = afterResponse(
      { status: answer.statusCode ?? 0, headers: answer.headers },
      this.#userProperties,
    );
    answeredAtOnce('afterResponse', said);
  }

  opened(connection: WebSocketConnection): void {
    connection.handler = this.#log?.over(connectionHandler) ?? connectionHandler;
    this.session = this.#endpoint.admit({
      connection,
      handshake: this.#handshake,
      userProperties: this.#userProperties,
      ended: this.#end,
    }) as Session<ClientPath>;
  }
}

/** The request that was sent, as a server would receive it. The peer is the server here. */
function handshakeOf(request: ClientRequest, { socket }: IncomingMessage): HandshakeRequest {
  const headers = Object.fromEntries(
    request.getHeaderNames().map((name) => [name, String(request.getHeader(name))] as const),
  );
  const { path: url } = request;
  return new HandshakeRequest({
    url,
    headers,
    path: {},
    peerAddress: socket.remoteAddress ?? '',
    socket,
    client: undefined,
  });
}

/** For reports of what failed before anything was sent. */
function plannedHandshake(url: string | URL, subprotocols: readonly string[]): HandshakeRequest {
  const target = (URL.canParse(String(url)) ? new URL(url) : {}) as Partial<URL>;
  const { pathname = '/', search = '', protocol, host } = target;
  return new HandshakeRequest({
    url: `${pathname}${search}`,
    headers: subprotocols.length === 0 ? {} : { 'sec-websocket-protocol': subprotocols.join(', ') },
    path: {},
    peerAddress: '',
    socket: undefined,
    client: { remoteAddress: '', secure: protocol === 'wss:', host },
  });
}

function connectFailed(url: string | URL, why: string, cause: unknown): EndpointError {
  // The address without what may be secret in it.
  const address = String(url)
    .replace(/[?#].*$/s, '')
    .replace(/\/\/[^/@]*@/, '//');
  return new EndpointError('connect_failed', `could not connect to ${address}: ${why}`, { cause });
}
