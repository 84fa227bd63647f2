// One opening handshake: from the upgrade request, through the configurator's hooks, to a session or a refusal.
import {
  acceptChecked,
  type CheckedHandshake,
  checkHandshake,
  type HandshakeRefusal,
  refusal,
  refuseHandshake,
  selectSubprotocol,
} from '@longwire/websocket';
import type { ResolvedContainerOptions } from '../container/container-options.js';
import type { MountedEndpoint } from '../container/mounted-endpoint.js';
import type { EndpointDefinition } from '../declaring/endpoint-definition.js';
import type { ConnectionLog } from '../observing/wire-log.js';
import type { Session } from '../session/session.js';
import { connectionHandler } from '../session/session-input.js';
import type { UpgradeRequest } from '../upgrade/upgrade-request.js';
import { authenticated, ClosedWithCode, RefusedWithStatus } from './authentication.js';
import { HandshakeDeadline } from './deadline.js';
import { selectedExtensions } from './extensions.js';
import { HandshakeRequest, type Identify } from './handshake-request.js';
import { HandshakeResponse } from './handshake-response.js';
import { isSameHostOrigin, isSameHostOrLoopbackOrigin } from './origin.js';

/** Runs once and ends in exactly one of: a session, a refusal on the wire, a client that went away. */
export class Opening {
  readonly #endpoint: MountedEndpoint;
  readonly #definition: EndpointDefinition;
  readonly #parameters: Readonly<Record<string, string>>;
  readonly #upgrade: UpgradeRequest;
  readonly #container: ResolvedContainerOptions;
  #log: ConnectionLog | undefined;
  #request: HandshakeRequest | undefined;
  #identify!: Identify;
  #isAnswered = false;

  constructor(
    endpoint: MountedEndpoint,
    parameters: Readonly<Record<string, string>>,
    upgrade: UpgradeRequest,
    container: ResolvedContainerOptions,
  ) {
    this.#endpoint = endpoint;
    this.#definition = endpoint.definition;
    this.#parameters = parameters;
    this.#upgrade = upgrade;
    this.#container = container;
  }

  /** Resolves with the session, or with nothing once the client was sent away or has gone. Never rejects. */
  async run(): Promise<Session | undefined> {
    const { request, socket } = this.#upgrade;
    // node:http has taken its own listener off: without one, a reset while a hook is pending would end the process.
    const ignore = (): void => {};
    socket.on('error', ignore);
    this.#log = this.#container.wireLog?.watchUpgrade(this.#upgrade);
    const checked = checkHandshake(request, this.#definition.options.webSocket);
    const { observer } = this.#container;
    if (observer !== undefined || checked.isAccepted) this.#request = this.#read();
    if (observer !== undefined) observer.handshakeStarted?.(this.#request!, this.#definition.name);
    const session = checked.isAccepted ? await this.#negotiate(checked, this.#request!) : this.#refuse(checked);
    socket.off('error', ignore);
    return session;
  }

  /** Answers the client now, whatever hook is pending. Does nothing once it has been answered. */
  refuse(answer: HandshakeRefusal): void {
    if (this.#isOver) return;
    this.#isAnswered = true;
    refuseHandshake(this.#upgrade.socket, answer);
    this.#tellRefusal(answer.status);
  }

  #refuse(answer: HandshakeRefusal): undefined {
    this.refuse(answer);
  }

  get #isOver(): boolean {
    return this.#isAnswered || this.#upgrade.socket.destroyed;
  }

  #tellRefusal(status: number): void {
    if (this.#request === undefined) return;
    this.#container.observer?.handshakeRefused?.(this.#request, status, this.#definition.name);
  }

  async #negotiate(checked: CheckedHandshake, request: HandshakeRequest): Promise<Session | undefined> {
    try {
      return await this.#askHooks(checked, request);
    } catch (error) {
      this.#container.reportUnhandled(error, {
        during: 'handshake',
        endpoint: this.#definition.name,
        session: undefined,
        request,
      });
      return this.#refuse(refusal(500, 'The endpoint failed.'));
    }
  }

  #read(): HandshakeRequest {
    const { request } = this.#upgrade;
    const source = {
      url: request.url ?? '/',
      headers: request.headers,
      path: this.#parameters,
      peerAddress: request.socket.remoteAddress ?? '',
      socket: request.socket,
      client: this.#container.trustedProxies.clientOf(request),
    };
    return new HandshakeRequest(source, (identify) => {
      this.#identify = identify;
    });
  }

  async #askHooks(checked: CheckedHandshake, request: HandshakeRequest): Promise<Session | undefined> {
    const { configurator, subprotocols, webSocket } = this.#definition.options;
    const deadline = new HandshakeDeadline(webSocket.handshakeTimeoutMs);
    const isAllowed = await deadline.wait('checkOrigin', this.#checkOrigin(request));
    // A hook in JavaScript may return anything; only true opens the door.
    if (isAllowed !== true) return this.#refuse(refusal(403, 'This origin may not connect.'));

    const who = authenticated(await deadline.wait('authenticate', configurator.authenticate?.(request)));
    if (who instanceof RefusedWithStatus) return this.#refuse(who.answer);
    const isTurnedAway = who instanceof ClosedWithCode;
    if (!isTurnedAway) this.#identify(who);

    const offered = checked.offeredSubprotocols;
    const subprotocol =
      configurator.selectSubprotocol === undefined
        ? selectSubprotocol(offered, subprotocols)
        : await deadline.wait('selectSubprotocol', configurator.selectSubprotocol(offered, subprotocols, request));
    // Pages are told the code only by a handshake that was good for them, so the subprotocol is settled before.
    if (isTurnedAway) return this.#turnAway(checked, subprotocol ?? undefined, who);

    const agreed =
      configurator.selectExtensions === undefined
        ? checked
        : await selectedExtensions(checked, request, configurator.selectExtensions, deadline);
    // What the last hook counts or notes is of a session that opens, not of a client that has gone meanwhile.
    if (this.#isOver) return undefined;
    const response = new HandshakeResponse();
    let userProperties: Map<string, unknown> | undefined;
    if (configurator.modifyHandshake !== undefined) {
      userProperties = new Map();
      await deadline.wait('modifyHandshake', configurator.modifyHandshake(request, response, userProperties));
    }
    if (response.refusal !== undefined) return this.#refuse(response.refusal);
    if (!this.#endpoint.isInService) return this.#refuse(refusal(404, 'This endpoint has been removed.'));
    if (this.#isOver) return undefined;
    const { socket, head } = this.#upgrade;
    const connection = acceptChecked(agreed, socket, head, {
      options: webSocket,
      handler: this.#log?.over(connectionHandler) ?? connectionHandler,
      subprotocol: subprotocol ?? undefined,
      headers: response.headers,
    });
    this.#isAnswered = true;
    return this.#endpoint.admit({ connection, handshake: request, userProperties });
  }

  #checkOrigin(request: HandshakeRequest): boolean | PromiseLike<boolean> {
    const { checkOrigin, furtherOrigins } = this.#definition.options.configurator;
    const { origin } = request;
    if (checkOrigin !== undefined) return checkOrigin(origin, request);
    const isOwn = this.#container.isDev ? isSameHostOrLoopbackOrigin : isSameHostOrigin;
    return isOwn(origin, request) || (origin !== undefined && furtherOrigins.includes(origin));
  }

  /** Accepts the connection, and has the endpoint close it. */
  #turnAway(checked: CheckedHandshake, subprotocol: string | undefined, { code, reason }: ClosedWithCode): undefined {
    if (this.#isOver) return;
    const { socket, head } = this.#upgrade;
    const { dismissal } = this.#endpoint;
    const connection = acceptChecked({ ...checked, deflate: undefined }, socket, head, {
      options: this.#definition.options.webSocket,
      handler: this.#log?.over(dismissal) ?? dismissal,
      subprotocol,
    });
    this.#isAnswered = true;
    this.#endpoint.dismiss(connection, code, reason);
    this.#tellRefusal(code);
  }
}
