// Who may come in: credentials of the handshake and of `connect`, the answer `connected`, and the end of a token's time.

import {
  CloseCode,
  type ConnectCommand,
  encodeConnected,
  encodeRefreshed,
  features,
  type RefreshCommand,
  type SessionLimits,
} from '@longwire/protocol';
import type { Hub } from '../delivery/hub.js';
import type { Clock, Timer } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { StorageError } from '../storage/storage-error.js';
import type { Authenticated, AuthenticationRefusal, Authenticator } from './authenticate.js';
import { channelText } from './commands/pages.js';
import { answer, refuse } from './commands/reply.js';
import type { Session } from './session.js';
import type { SignedIn, SignIn } from './sign-in.js';
import type { WaitingRoom } from './waiting-room.js';

export interface GateOptions {
  /** From the upgrade to `connect`. */
  readonly connectTimeoutMs: number;
  readonly heartbeatMs: number;
  /** `longwire/<version>`. */
  readonly server: string;
  readonly limits: SessionLimits;
}

/** A session that has not said who it is. */
interface Greeting {
  readonly address: string;
  /** What the handshake carried. */
  readonly credential: string | undefined;
  readonly timer: Timer;
}

export class Gate {
  readonly #authenticator: Authenticator;
  readonly #signIn: SignIn;
  readonly #hub: Hub;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: GateOptions;
  readonly #waitingRoom: WaitingRoom;
  readonly #greeting = new Map<Session, Greeting>();
  readonly #expiry = new Map<Session, Timer>();

  constructor(
    authenticator: Authenticator,
    signIn: SignIn,
    hub: Hub,
    clock: Clock,
    logger: Logger,
    waitingRoom: WaitingRoom,
    options: GateOptions,
  ) {
    this.#authenticator = authenticator;
    this.#signIn = signIn;
    this.#hub = hub;
    this.#clock = clock;
    this.#logger = logger;
    this.#options = options;
    this.#waitingRoom = waitingRoom;
  }

  /** A new connection. A credential of the handshake is judged here already, so that a bad one is told why at once. */
  enter(session: Session, address: string, credential: string | undefined): void {
    const timer = this.#clock.setTimer(this.#options.connectTimeoutMs, () => {
      session.end(CloseCode.noConnect, 'no connect came in time');
    });
    this.#greeting.set(session, { address, credential, timer });
    this.#waitingRoom.enter(address);
    if (credential !== undefined) void this.#judge(session, credential);
  }

  connect(session: Session, command: ConnectCommand): void {
    const greeting = this.#endGreeting(session);
    if (greeting === undefined) return;
    session.phase = 'signing-in';
    session.balance();
    this.#connect(session, command, greeting.credential).catch((error: unknown) => {
      // A damaged store would write the same stack at every attempt of every client.
      const detail = error instanceof StorageError ? { reason: error.message } : { err: error };
      this.#logger.error({ ...detail, session: session.id }, 'sign-in failed');
      if (session.phase === 'signing-in') {
        const message = 'the session could not be opened; connect again later';
        refuse(session, command, { code: 'internal', message });
      }
      session.end(CloseCode.internal, 'the session could not be opened');
    });
  }

  refresh(session: Session, command: RefreshCommand): void {
    session.asked();
    this.#refresh(session, command).then(
      () => session.answered(),
      (error: unknown) => {
        this.#logger.error({ err: error, session: session.id }, 'refresh failed');
        refuse(session, command, { code: 'unavailable', message: 'the token could not be checked now; try again' });
        session.answered();
      },
    );
  }

  /** The connection is gone: nothing of it stays here or in the hub. */
  leave(session: Session): void {
    this.#endGreeting(session);
    this.#expiry.get(session)?.cancel();
    this.#expiry.delete(session);
    if (session.reader !== undefined) this.#hub.leave(session.reader);
  }

  #endGreeting(session: Session): Greeting | undefined {
    const greeting = this.#greeting.get(session);
    if (greeting === undefined) return undefined;
    greeting.timer.cancel();
    this.#greeting.delete(session);
    this.#waitingRoom.leave(greeting.address);
    return greeting;
  }

  async #connect(session: Session, command: ConnectCommand, credential: string | undefined): Promise<void> {
    const who = await this.#identify(session, command, credential);
    if (who === undefined || hasGone(session)) return;
    const signedIn = await this.#signIn.open(session, who.user, command);
    if (hasGone(session)) {
      // The connection ended while the store was asked; `leave` found no reader then.
      if (session.reader !== undefined) this.#hub.leave(session.reader);
      return;
    }
    session.phase = 'ready';
    this.#welcome(session, command, who, signedIn);
    this.#hub.finishOpening(session.reader!);
    this.#endAt(session, who.validUntil);
    session.balance();
    this.#logger.debug({ session: session.id, user: who.user, device: session.identity?.device }, 'connected');
  }

  /** One user, whichever way the credentials came; undefined after the session was told why not. */
  async #identify(
    session: Session,
    command: ConnectCommand,
    credential: string | undefined,
  ): Promise<Authenticated | undefined> {
    const tokens = [credential, command.token].filter((token) => token !== undefined);
    if (tokens.length === 0) {
      refuse(session, command, {
        code: 'unauthenticated',
        message: 'connect needs a token: none came with it or with the handshake',
      });
      session.end(CloseCode.badToken, 'no token');
      return undefined;
    }
    let who: Authenticated | undefined;
    for (const token of tokens) {
      const outcome = await this.#authenticator.authenticate(token);
      if (!outcome.ok) {
        refuse(session, command, outcome);
        session.end(closeCodeOf(outcome), outcome.message, outcome.afterMs);
        return undefined;
      }
      if (who !== undefined && who.user !== outcome.user) {
        refuse(session, command, {
          code: 'unauthenticated',
          message: 'the handshake and connect name two different users',
        });
        session.end(CloseCode.badToken, 'credentials for two users');
        return undefined;
      }
      who = outcome;
    }
    return who;
  }

  async #judge(session: Session, credential: string): Promise<void> {
    const outcome = await this.#authenticator.authenticate(credential);
    if (outcome.ok || session.phase !== 'greeting') return;
    session.end(closeCodeOf(outcome), outcome.message, outcome.afterMs);
  }

  #welcome(session: Session, command: ConnectCommand, who: Authenticated, signedIn: SignedIn): void {
    const { heartbeatMs, server, limits } = this.#options;
    const channels = signedIn.list.channels.map((channel) => channelText(channel, who.user));
    const connected = {
      user: who.user,
      session: session.id,
      device: signedIn.device,
      heartbeatMs,
      server,
      time: this.#clock.now(),
      expiresAt: who.expiresAt,
      limits,
      features,
      ignored: signedIn.ignored,
    };
    answer(session, command, (re) => encodeConnected(re, connected, channels));
  }

  async #refresh(session: Session, command: RefreshCommand): Promise<void> {
    const outcome = await this.#authenticator.authenticate(command.token);
    if (hasGone(session)) return;
    if (!outcome.ok) {
      refuse(session, command, outcome);
      return;
    }
    if (outcome.user !== session.user) {
      refuse(session, command, {
        code: 'forbidden',
        message: 'the new token is for another user; open another session',
      });
      return;
    }
    this.#endAt(session, outcome.validUntil);
    answer(session, command, (re) => encodeRefreshed(re, { expiresAt: outcome.expiresAt }));
  }

  #endAt(session: Session, validUntil: number | undefined): void {
    this.#expiry.get(session)?.cancel();
    this.#expiry.delete(session);
    if (validUntil === undefined) return;
    const timer = this.#clock.setTimer(validUntil - this.#clock.now(), () => {
      session.end(CloseCode.tokenExpired, 'the token ran out');
    });
    this.#expiry.set(session, timer);
  }
}

function hasGone(session: Session): boolean {
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
