// One opening handshake: from the upgrade request, through the configurator's hooks, to a session or a refusal.
import {
  acceptChecked,
  type CheckedHandshake,
  checkHandshake,
  type ExtensionOffer,
  type HandshakeRefusal,
  parseExtensions,
  peerAddressOf,
  refusal,
  refuseHandshake,
  selectSubprotocol,
} from '@longwire/websocket';
import type { ResolvedContainerOptions } from '../container/container-options.js';
import type { MountedEndpoint } from '../container/mounted-endpoint.js';
import type { EndpointDefinition } from '../declaring/endpoint-definition.js';
import { EndpointError } from '../errors.js';
import type { ConnectionLog } from '../observing/wire-log.js';
import { kindOf } from '../option-checks.js';
import { type Session, UserProperties } from '../session/session.js';
import { connectionHandler } from '../session/session-input.js';
import type { UpgradeRequest } from '../upgrade/upgrade-request.js';
import { principalOf } from './authentication.js';
import { HandshakeRequest, type Identify } from './handshake-request.js';
import { HandshakeResponse } from './handshake-response.js';
import { findHeader } from './header-lines.js';
import { HandshakeHooks } from './hooks.js';
import { isSameHostOrigin, isSameHostOrLoopbackOrigin, originWarning } from './origin.js';
import { ClosedWithCode, isRefusal, type OrRefusal } from './refusals.js';

/** What the openings of a container share. */
export interface OpeningHost {
  readonly options: ResolvedContainerOptions;
  /** Those that wait for a hook. */
  readonly waiting: Set<Opening>;
}

const forbidden = refusal(403, 'This origin may not connect.');

/** Runs once and ends in exactly one of: a session, a refusal on the wire, a client that went away. */
export class Opening {
  readonly #host: OpeningHost;
  readonly #endpoint: MountedEndpoint;
  readonly #definition: EndpointDefinition;
  readonly #parameters: Readonly<Record<string, string>>;
  readonly #upgrade: UpgradeRequest;
  #log: ConnectionLog | undefined;
  #request: HandshakeRequest | undefined;
  #identify: Identify | undefined;
  #hooks: HandshakeHooks | undefined;
  #subprotocol: { readonly chosen: string | undefined } | undefined;
  #isAnswered = false;

  constructor(
    host: OpeningHost,
    endpoint: MountedEndpoint,
    parameters: Readonly<Record<string, string>>,
    upgrade: UpgradeRequest,
  ) {
    this.#host = host;
    this.#endpoint = endpoint;
    this.#definition = endpoint.definition;
    this.#parameters = parameters;
    this.#upgrade = upgrade;
  }

  /**
   * Returns the session, or nothing once the client was refused or has gone; a promise only if there are hooks to ask.
   * Never throws, never rejects.
   */
  run(): Session | undefined | Promise<Session | undefined> {
    const { observer, wireLog } = this.#host.options;
    const { configurator, webSocket } = this.#definition.options;
    if (wireLog !== undefined) this.#log = wireLog.watchUpgrade(this.#upgrade);
    const checked = checkHandshake(this.#upgrade.request, webSocket);
    if (checked.isAccepted || observer !== undefined) this.#request = this.#read();
    if (observer !== undefined) observer.handshakeStarted?.(this.#request!, this.#definition.name);
    if (!checked.isAccepted) {
      this.refuse(checked);
      return undefined;
    }
    return configurator.hasHooks
      ? this.#askHooks(checked, this.#request!)
      : this.#openWithoutHooks(checked, this.#request!);
  }

  /** Answers the client now, whatever hook is pending. Does nothing once it has been answered. */
  refuse(answer: HandshakeRefusal): void {
    if (this.#isOver) return;
    this.#isAnswered = true;
    refuseHandshake(this.#upgrade.socket, answer);
    this.#notifyRefusal(answer.status);
  }

  #openWithoutHooks(checked: CheckedHandshake, request: HandshakeRequest): Session | undefined {
    if (!this.#isOwnOrListed(request)) {
      this.refuse(forbidden);
      return undefined;
    }
    const subprotocol = selectSubprotocol(checked.offeredSubprotocols, this.#definition.options.subprotocols);
    try {
      return this.#accept(checked, request, subprotocol, undefined, undefined);
    } catch (error) {
      this.#fail(error, request);
      return undefined;
    }
  }

  async #askHooks(checked: CheckedHandshake, request: HandshakeRequest): Promise<Session | undefined> {
    try {
      return await this.#negotiate(checked, request);
    } catch (error) {
      await this.#turnAway(error, checked, request);
      return undefined;
    }
  }

  /**
   * Waits only for hooks that return promises, so that others open their session at once.
   * @throws (rejects) refusals, and what else hooks throw
   */
  async #negotiate(checked: CheckedHandshake, request: HandshakeRequest): Promise<Session | undefined> {
    const { authenticate, modifyHandshake } = this.#definition.options.configurator;
    const allowed = this.#checkOrigin(request);
    if (allowed instanceof Promise ? !(await allowed) : !allowed) {
      this.refuse(forbidden);
      return undefined;
    }
    if (authenticate !== undefined) {
      const who = this.#ask('authenticate', () => authenticate(request));
      this.#identify?.(principalOf(who instanceof Promise ? await who : who));
    }
    const chosen = this.#chooseSubprotocol(checked, request);
    const subprotocol = chosen instanceof Promise ? await chosen : chosen;
    const selected = this.#selectExtensions(checked, request);
    const agreed = selected instanceof Promise ? await selected : selected;
    // What the last hook counts or notes is of a session that opens, not of a client that has gone meanwhile.
    if (this.#isOver) return undefined;
    if (modifyHandshake === undefined) return this.#accept(agreed, request, subprotocol, undefined, undefined);
    const [response, userProperties] = [new HandshakeResponse(), new UserProperties()];
    const modified = this.#ask('modifyHandshake', () => modifyHandshake(request, response, userProperties));
    if (modified instanceof Promise) await modified;
    return this.#accept(agreed, request, subprotocol, response.headers, userProperties);
  }

  #accept(
    agreed: CheckedHandshake,
    request: HandshakeRequest,
    subprotocol: string | undefined,
    headers: HandshakeResponse['headers'] | undefined,
    userProperties: UserProperties | undefined,
  ): Session | undefined {
    if (!this.#endpoint.isInService) this.refuse(refusal(404, 'This endpoint has been removed.'));
    if (this.#isOver) return undefined;
    const { socket, head } = this.#upgrade;
    const handler = this.#log === undefined ? connectionHandler : this.#log.over(connectionHandler);
    const options = this.#definition.options.webSocket;
    const settings =
      headers === undefined ? { options, handler, subprotocol } : { options, handler, subprotocol, headers };
    const connection = acceptChecked(agreed, socket, head, settings);
    this.#isAnswered = true;
    return this.#endpoint.admit({ connection, handshake: request, userProperties });
  }

  #read(): HandshakeRequest {
    const { request } = this.#upgrade;
    const source = {
      // The text of the template, if that is what was asked for: one string for all sessions.
      url: request.url === this.#definition.path ? this.#definition.path : (request.url ?? '/'),
      headers: this.#upgrade.isAsReceived ? request.rawHeaders : request.headers,
      path: this.#parameters,
      peerAddress: peerAddressOf(request.socket),
      socket: request.socket,
      client: this.#host.options.trustedProxies.clientOf(request),
    };
    if (this.#definition.options.configurator.authenticate === undefined) return new HandshakeRequest(source);
    return new HandshakeRequest(source, (identify) => {
      this.#identify = identify;
    });
  }

  /** Calls a hook. While its promise is pending the handshake can be refused from outside, and its socket may fail. */
  #ask<Answer>(name: string, hook: () => OrRefusal<Answer>): Answer | Promise<Answer> {
    this.#hooks ??= new HandshakeHooks(this.#definition.options.webSocket.handshakeTimeoutMs);
    const answer = this.#hooks.call(name, hook);
    if (!(answer instanceof Promise)) return answer;
    const { socket } = this.#upgrade;
    const { waiting } = this.#host;
    // node:http has removed its own listener: without one, a reset would end the process.
    const ignore = (): void => {};
    socket.on('error', ignore);
    waiting.add(this);
    return answer.finally(() => {
      waiting.delete(this);
      socket.off('error', ignore);
    });
  }

  #checkOrigin(request: HandshakeRequest): boolean | Promise<boolean> {
    const { checkOrigin } = this.#definition.options.configurator;
    if (checkOrigin === undefined) return this.#isOwnOrListed(request);
    const answer: unknown = this.#ask('checkOrigin', () => checkOrigin(request.origin, request));
    return answer instanceof Promise
      ? answer.then((returned: unknown) => this.#mayConnect(returned, request))
      : this.#mayConnect(answer, request);
  }

  /** A page of this host or one that the endpoint lists, or a client that is not a browser. */
  #isOwnOrListed(request: HandshakeRequest): boolean {
    const { isAsReceived, request: received } = this.#upgrade;
    const origin = isAsReceived ? findHeader(received.rawHeaders, 'origin') : request.origin;
    if (origin === undefined) return true;
    const isOwn = this.#host.options.isDev ? isSameHostOrLoopbackOrigin : isSameHostOrigin;
    if (isOwn(origin, request) || this.#definition.options.configurator.furtherOrigins.includes(origin)) return true;
    this.#warnOfRefusal(request, undefined);
    return false;
  }

  /** A hook in JavaScript may return anything; only true lets in. */
  #mayConnect(returned: unknown, request: HandshakeRequest): boolean {
    if (returned !== true) this.#warnOfRefusal(request, { returned });
    return returned === true;
  }

  #warnOfRefusal(request: HandshakeRequest, answer: { readonly returned: unknown } | undefined): void {
    const { warnings, isDev } = this.#host.options;
    const { origin } = request;
    const endpoint = this.#definition.name;
    warnings.once('origin_refused', origin ?? '', () => {
      const message = `endpoint ${endpoint} ${originWarning(request, isDev, answer)}`;
      return { message, endpoint, origin };
    });
  }

  /** Chosen once, whatever refuses with a close code: this hook, one before it, or one after it. */
  #chooseSubprotocol(
    { offeredSubprotocols }: CheckedHandshake,
    request: HandshakeRequest,
  ): string | undefined | Promise<string | undefined> {
    if (this.#subprotocol !== undefined) return this.#subprotocol.chosen;
    const { configurator, subprotocols } = this.#definition.options;
    this.#subprotocol = { chosen: selectSubprotocol(offeredSubprotocols, subprotocols) };
    const { selectSubprotocol: select } = configurator;
    if (select === undefined) return this.#subprotocol.chosen;
    const chosen = this.#ask('selectSubprotocol', () => select(offeredSubprotocols, subprotocols, request));
    // In JavaScript null stands for none as well.
    if (chosen instanceof Promise) return chosen.then((later) => this.#speak(later ?? undefined));
    return this.#speak(chosen ?? undefined);
  }

  #speak(subprotocol: string | undefined): string | undefined {
    this.#subprotocol = { chosen: subprotocol };
    return subprotocol;
  }

  /** The handshake with the extensions that the hook chose of those that client and engine agree on. */
  #selectExtensions(
    checked: CheckedHandshake,
    request: HandshakeRequest,
  ): CheckedHandshake | Promise<CheckedHandshake> {
    const { selectExtensions } = this.#definition.options.configurator;
    if (selectExtensions === undefined) return checked;
    const agreed = checked.deflate?.header;
    const supported = agreed === undefined ? [] : (parseExtensions(agreed) ?? []);
    const chosen = this.#ask('selectExtensions', () => selectExtensions(checked.offeredExtensions, supported, request));
    // The parameters are the engine's affair: the answer has to fit the compressor.
    const apply = (choice: unknown): CheckedHandshake =>
      assertChoice(choice, supported).length === 0 ? { ...checked, deflate: undefined } : checked;
    return chosen instanceof Promise ? chosen.then(apply) : apply(chosen);
  }

  /** @param error  a refusal, or what else a hook threw */
  async #turnAway(error: unknown, checked: CheckedHandshake, request: HandshakeRequest): Promise<void> {
    if (!isRefusal(error)) {
      this.#fail(error, request);
    } else if (!(error instanceof ClosedWithCode)) {
      this.refuse(error.answer);
    } else {
      try {
        // Pages see the code only after a handshake that was good for them, so the subprotocol is settled before.
        const chosen = this.#chooseSubprotocol(checked, request);
        this.#closeWith(checked, chosen instanceof Promise ? await chosen : chosen, error);
      } catch (second) {
        if (second instanceof ClosedWithCode) this.#closeWith(checked, undefined, second);
        else await this.#turnAway(second, checked, request);
      }
    }
  }

  /** Accepts the connection, and has the endpoint close it. */
  #closeWith(checked: CheckedHandshake, subprotocol: string | undefined, { code, reason }: ClosedWithCode): void {
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
    this.#notifyRefusal(code);
  }

  #fail(error: unknown, request: HandshakeRequest): void {
    const endpoint = this.#definition.name;
    this.#host.options.reportUnhandled(error, { during: 'handshake', endpoint, session: undefined, request });
    this.refuse(refusal(500, 'The endpoint failed.'));
  }

  get #isOver(): boolean {
    return this.#isAnswered || this.#upgrade.socket.destroyed;
  }

  #notifyRefusal(status: number): void {
    if (this.#request === undefined) return;
    this.#host.options.observer?.handshakeRefused?.(this.#request, status, this.#definition.name);
  }
}

/** @throws EndpointError invalid_option */
function assertChoice(chosen: unknown, supported: readonly ExtensionOffer[]): readonly ExtensionOffer[] {
  const expected = 'selectExtensions: expected a list of some of those supported';
  if (!Array.isArray(chosen)) throw new EndpointError('invalid_option', `${expected}, got ${kindOf(chosen)}`);
  for (const { name } of chosen as readonly ExtensionOffer[]) {
    if (supported.some((extension) => extension.name === name)) continue;
    throw new EndpointError('invalid_option', `${expected}; "${name}" is not among them`);
  }
  return chosen;
}
