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
import { connectionHandler, type MountedEndpoint } from '../container/mounted-endpoint.js';
import type { EndpointDefinition } from '../declaring/endpoint-definition.js';
import { EndpointError } from '../errors.js';
import { HandshakeRequest } from './handshake-request.js';
import { HandshakeResponse } from './handshake-response.js';
import { isSameHostOrigin, isSameHostOrLoopbackOrigin } from './origin.js';
import type { UpgradeRequest } from './upgrade-request.js';

/** Runs once and ends in exactly one of: a session, a refusal on the wire, a client that went away. */
export class Opening {
  readonly #endpoint: MountedEndpoint;
  readonly #definition: EndpointDefinition;
  readonly #parameters: Readonly<Record<string, string>>;
  readonly #upgrade: UpgradeRequest;
  readonly #container: ResolvedContainerOptions;
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

  /** Never rejects. */
  async run(): Promise<void> {
    const { request, socket } = this.#upgrade;
    // node:http has taken its own listener off: without one, a reset while a hook is pending would end the process.
    const ignore = (): void => {};
    socket.on('error', ignore);
    const checked = checkHandshake(request, this.#definition.options.webSocket);
    if (checked.isAccepted) await this.#negotiate(checked, new HandshakeRequest(request, checked.offeredSubprotocols));
    else this.refuse(checked);
    socket.off('error', ignore);
  }

  /** Answers the client now, whatever hook is pending. Does nothing once it has been answered. */
  refuse(answer: HandshakeRefusal): void {
    if (this.#isOver) return;
    this.#isAnswered = true;
    refuseHandshake(this.#upgrade.socket, answer);
  }

  get #isOver(): boolean {
    return this.#isAnswered || this.#upgrade.socket.destroyed;
  }

  async #negotiate(checked: CheckedHandshake, request: HandshakeRequest): Promise<void> {
    try {
      await this.#askHooks(checked, request);
    } catch (error) {
      this.#container.reportUnhandled(error, {
        during: 'handshake',
        endpoint: this.#definition.name,
        session: undefined,
        request,
      });
      this.refuse(refusal(500, 'The endpoint failed.'));
    }
  }

  async #askHooks(checked: CheckedHandshake, request: HandshakeRequest): Promise<void> {
    const { configurator, subprotocols } = this.#definition.options;
    const isAllowed = await this.#inTime(this.#checkOrigin(request));
    // A hook in JavaScript may return anything; only true opens the door.
    if (isAllowed !== true) return this.refuse(refusal(403, 'This origin may not connect.'));

    const offered = request.offeredSubprotocols;
    const subprotocol =
      configurator.selectSubprotocol === undefined
        ? selectSubprotocol(offered, subprotocols)
        : await this.#inTime(configurator.selectSubprotocol(offered, subprotocols, request));

    const response = new HandshakeResponse();
    let userProperties: Map<string, unknown> | undefined;
    if (configurator.modifyHandshake !== undefined) {
      userProperties = new Map();
      await this.#inTime(configurator.modifyHandshake(request, response, userProperties));
    }
    if (response.refusal !== undefined) return this.refuse(response.refusal);
    if (this.#isOver) return;
    const { socket, head } = this.#upgrade;
    const connection = acceptChecked(checked, socket, head, {
      options: this.#definition.options.webSocket,
      handler: connectionHandler,
      subprotocol: subprotocol ?? undefined,
      headers: response.headers,
    });
    this.#isAnswered = true;
    this.#endpoint.admit({ connection, handshake: request, parameters: this.#parameters, userProperties });
  }

  #checkOrigin(request: HandshakeRequest): boolean | PromiseLike<boolean> {
    const { configurator } = this.#definition.options;
    if (configurator.checkOrigin !== undefined) return configurator.checkOrigin(request.origin, request);
    const isAllowed = this.#container.isDev ? isSameHostOrLoopbackOrigin : isSameHostOrigin;
    return isAllowed(request.origin, request);
  }

  /** Awaits what a hook returned, for as long as a handshake may take. */
  async #inTime<Value>(returned: Value | PromiseLike<Value>): Promise<Value> {
    if (typeof returned !== 'object' || returned === null) return returned;
    const { handshakeTimeoutMs } = this.#definition.options.webSocket;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      const message = `a configurator hook took longer than handshakeTimeoutMs (${handshakeTimeoutMs})`;
      timer = setTimeout(() => reject(new EndpointError('HANDSHAKE_TIMEOUT', message)), handshakeTimeoutMs);
    });
    return Promise.race([returned, timeout]).finally(() => clearTimeout(timer));
  }
}
