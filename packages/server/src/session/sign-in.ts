// Sign-in: the credentials of the handshake and of `connect`, the answer `connected`, and the expiry of a token.

import {
  CloseCode,
  type ConnectCommand,
  defaultDeviceId,
  encodeConnected,
  encodeRefreshed,
  features,
  type RefreshCommand,
  type SessionLimits,
} from '@longwire/protocol';
import type { Hub } from '../delivery/hub.js';
import { ServerError } from '../errors.js';
import type { Clock, Timer } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { ActiveUsers } from './active-users.js';
import type { HandshakeCredential } from './auth/handshake-credential.js';
import type { Authenticated, AuthenticationRefusal, Authenticator } from './authenticate.js';
import type { ClientSession } from './client-session.js';
import { channelText } from './commands/channel-summary.js';
import { reply, replyError } from './commands/reply.js';
import type { PendingConnections } from './limits/pending-connections.js';
import type { RefusalLog } from './limits/refusal-log.js';
import type { OpenedSession, SessionOpener } from './session-opener.js';

export interface SignInOptions {
  /** From the upgrade to `connect`. */
  readonly connectTimeoutMs: number;
  readonly heartbeatMs: number;
  /** `longwire/<version>`. */
  readonly server: string;
  readonly limits: SessionLimits;
}

export interface SignInParts {
  readonly authenticator: Authenticator;
  readonly users: ActiveUsers;
  readonly opener: SessionOpener;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pendingConnections: PendingConnections;
  readonly refusals: RefusalLog;
}

/** A connection without a signed-in user. */
interface PendingConnection {
  readonly address: string;
  /** What the handshake carried. */
  readonly credential: string | undefined;
  readonly timer: Timer;
}

export class SignIn {
  readonly #authenticator: Authenticator;
  readonly #users: ActiveUsers;
  readonly #opener: SessionOpener;
  readonly #hub: Hub;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: SignInOptions;
  readonly #pendingConnections: PendingConnections;
  readonly #refusals: RefusalLog;
  readonly #pending = new Map<ClientSession, PendingConnection>();
  readonly #expiry = new Map<ClientSession, Timer>();

  constructor(parts: SignInParts, options: SignInOptions) {
    this.#authenticator = parts.authenticator;
    this.#users = parts.users;
    this.#opener = parts.opener;
    this.#hub = parts.hub;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#pendingConnections = parts.pendingConnections;
    this.#refusals = parts.refusals;
    this.#options = options;
  }

  /** For a new connection. Checks a credential of the handshake at once, so that a bad one is refused without a wait. */
  begin(session: ClientSession, address: string, handshake: HandshakeCredential): void {
    if (!handshake.ok) {
      const refusal = { ok: false, code: 'unauthenticated', message: handshake.message } as const;
      this.#refuse(session, undefined, address, refusal);
      return;
    }
    const credential = handshake.token;
    const timer = this.#clock.setTimer(this.#options.connectTimeoutMs, () => {
      session.end(CloseCode.noConnect, 'no connect command came in time');
    });
    this.#pending.set(session, { address, credential, timer });
    this.#pendingConnections.add(address);
    if (credential !== undefined) void this.#checkHandshakeCredential(session, address, credential);
  }

  connect(session: ClientSession, command: ConnectCommand): void {
    const pending = this.#endGreeting(session);
    if (pending === undefined) return;
    session.phase = 'signing-in';
    session.updateReading();
    this.#connect(session, command, pending).catch((error: unknown) => {
      // A damaged store would write the same stack at every attempt of every client.
      const detail = error instanceof ServerError ? { reason: error.message } : { err: error };
      this.#logger.error({ ...detail, session: session.id }, 'sign-in failed');
      if (session.phase === 'signing-in') {
        const message = 'the session could not be opened; connect again later';
        replyError(session, command, { code: 'internal', message });
      }
      session.end(CloseCode.internal, 'the session could not be opened');
    });
  }

  refresh(session: ClientSession, command: RefreshCommand): void {
    session.startCommand();
    this.#refresh(session, command).then(
      () => session.finishCommand(),
      (error: unknown) => {
        this.#logger.error({ err: error, session: session.id }, 'refresh failed');
        replyError(session, command, { code: 'unavailable', message: 'the token could not be checked now; try again' });
        session.finishCommand();
      },
    );
  }

  /** For a connection that has ended: nothing of it stays here or in the hub. */
  end(session: ClientSession): void {
    this.#endGreeting(session);
    this.#expiry.get(session)?.cancel();
    this.#expiry.delete(session);
    if (session.reader !== undefined) this.#hub.leave(session.reader);
    this.#users.leave(session);
  }

  #endGreeting(session: ClientSession): PendingConnection | undefined {
    const pending = this.#pending.get(session);
    if (pending === undefined) return undefined;
    pending.timer.cancel();
    this.#pending.delete(session);
    this.#pendingConnections.remove(pending.address);
    return pending;
  }

  async #connect(session: ClientSession, command: ConnectCommand, pending: PendingConnection): Promise<void> {
    const who = await this.#authenticate(session, command, pending);
    if (who === undefined || hasGone(session)) return;
    if (!this.#users.admit(session, who.user, command.device ?? defaultDeviceId)) {
      const message = 'this user has as many sessions as allowed, none of them of this device';
      replyError(session, command, { code: 'quota_exceeded', message });
      session.end(CloseCode.sessionLimit, message);
      return;
    }
    const opened = await this.#opener.open(session, command);
    if (hasGone(session)) {
      // The connection ended while the store was asked; `end` found no reader then.
      if (session.reader !== undefined) this.#hub.leave(session.reader);
      return;
    }
    session.phase = 'ready';
    this.#replyConnected(session, command, who, opened);
    this.#hub.finishOpening(session.reader!);
    this.#endSessionAt(session, who.validUntil);
    session.updateReading();
    this.#logger.debug({ session: session.id, user: who.user, device: session.identity?.device }, 'connected');
  }

  /** The one user whom all credentials name; undefined after the session was refused. */
  async #authenticate(
    session: ClientSession,
    command: ConnectCommand,
    { credential, address }: PendingConnection,
  ): Promise<Authenticated | undefined> {
    const tokens = [credential, command.token].filter((token) => token !== undefined);
    if (tokens.length === 0) {
      const message = 'connect needs a token: none came with it or with the handshake';
      this.#refuse(session, command, address, { ok: false, code: 'unauthenticated', message });
      return undefined;
    }
    let who: Authenticated | undefined;
    for (const token of tokens) {
      const outcome = await this.#authenticator.authenticate(token);
      if (!outcome.ok) {
        this.#refuse(session, command, address, outcome);
        return undefined;
      }
      if (who !== undefined && who.user !== outcome.user) {
        const message = 'the handshake and connect name two different users';
        this.#refuse(session, command, address, { ok: false, code: 'unauthenticated', message });
        return undefined;
      }
      who = outcome;
    }
    return who;
  }

  async #checkHandshakeCredential(session: ClientSession, address: string, credential: string): Promise<void> {
    const outcome = await this.#authenticator.authenticate(credential);
    if (!outcome.ok && session.phase === 'pending') this.#refuse(session, undefined, address, outcome);
  }

  /** @param command  undefined: the handshake is refused, before any command */
  #refuse(
    session: ClientSession,
    command: ConnectCommand | undefined,
    address: string,
    refusal: AuthenticationRefusal,
  ): void {
    this.#refusals.report({ address }, refusal);
    if (command !== undefined) replyError(session, command, refusal);
    session.end(closeCodeOf(refusal), refusal.message, refusal.afterMs);
  }

  #replyConnected(session: ClientSession, command: ConnectCommand, who: Authenticated, opened: OpenedSession): void {
    const { heartbeatMs, server, limits } = this.#options;
    const channels = opened.list.channels.map((channel) => channelText(channel, who.user));
    const connected = {
      user: who.user,
      session: session.id,
      device: opened.device,
      heartbeatMs,
      server,
      time: this.#clock.now(),
      expiresAt: who.expiresAt,
      limits,
      features,
      ignored: opened.ignored,
    };
    reply(session, command, (re) => encodeConnected(re, connected, channels));
  }

  async #refresh(session: ClientSession, command: RefreshCommand): Promise<void> {
    const outcome = await this.#authenticator.authenticate(command.token);
    if (hasGone(session)) return;
    if (!outcome.ok) {
      this.#refusals.report({ user: session.user }, outcome);
      replyError(session, command, outcome);
      return;
    }
    if (outcome.user !== session.user) {
      replyError(session, command, {
        code: 'forbidden',
        message: 'the new token is for another user; open another session',
      });
      return;
    }
    this.#endSessionAt(session, outcome.validUntil);
    reply(session, command, (re) => encodeRefreshed(re, { expiresAt: outcome.expiresAt }));
  }

  #endSessionAt(session: ClientSession, validUntil: number | undefined): void {
    this.#expiry.get(session)?.cancel();
    this.#expiry.delete(session);
    if (validUntil === undefined) return;
    const timer = this.#clock.setTimer(validUntil - this.#clock.now(), () => {
      session.end(CloseCode.tokenExpired, 'the token expired');
    });
    this.#expiry.set(session, timer);
  }
}

function hasGone(session: ClientSession): boolean {
  return session.phase === 'ended' || session.endedWith !== undefined;
}

function closeCodeOf(refusal: AuthenticationRefusal): CloseCode {
  switch (refusal.code) {
    case 'unauthenticated':
      return CloseCode.badToken;
    case 'token_expired':
      return CloseCode.tokenExpired;
    case 'unavailable':
      return CloseCode.internal;
  }
}
