// Sign-in: the credentials of the handshake and of `connect`, the answer `connected`, and the expiry of a token.

import {
  CloseCode,
  type ConnectCommand,
  defaultDeviceId,
  encodeConnected,
  encodeRefreshed,
  type Feature,
  fieldLimits,
  type RefreshCommand,
  type SessionLimits,
  type UserId,
} from '@longwire/protocol';
import { channelText, fittingTexts } from '../delivery/channel-summary.js';
import type { Hub } from '../delivery/hub.js';
import { ServerError } from '../errors.js';
import type { UserProfiles } from '../messaging/user-profiles.js';
import type { Clock, Timer } from '../runtime/clock.js';
import type { FailureLog } from '../runtime/failure-log.js';
import { FairTurns, type Turn } from '../runtime/fair-turns.js';
import type { Logger } from '../runtime/logger.js';
import type { ActiveUsers } from './active-users.js';
import type { HandshakeCredential } from './auth/handshake-credential.js';
import type { Authenticated, AuthenticationRefusal, Authenticator } from './authenticate.js';
import type { ClientSession } from './client-session.js';
import { type CommandError, reply, replyError } from './commands/reply.js';
import { type ConnectRefusal, refusalOfDevice, tooManySessions } from './connect-refusal.js';
import type { ConnectionLimits, ConnectionOrigin } from './limits/connection-limits.js';
import type { RefusalLog, RefusedCaller } from './limits/refusal-log.js';
import type { Presence } from './presence/presence.js';
import { ProfileClaimsRule } from './profile-claims.js';
import type { OpenedSession, SessionOpener } from './session-opener.js';
import { refusalOf, type UserBlock, type UserBlocks } from './user-blocks.js';
import type { UserPushes } from './user-pushes.js';

/** What `connected` has besides its two lists, in bytes, with room for what is to come. */
const CONNECTED_FIELDS_BYTES = 4_096;
/** After this time a client may come again that met a full queue. */
const OVERLOAD_RETRY_MS = 2_000;

export interface SignInOptions {
  /** From the upgrade to `connect`. */
  readonly connectTimeoutMs: number;
  readonly heartbeatMs: number;
  /** `longwire/<version>`. */
  readonly server: string;
  readonly limits: SessionLimits;
  readonly features: readonly Feature[];
  /** Sign-ins at work at one time, of all users and of one. */
  readonly signIns: number;
  readonly signInsPerUser: number;
}

export interface SignInParts {
  readonly authenticator: Authenticator;
  readonly users: ActiveUsers;
  readonly blocks: UserBlocks;
  readonly opener: SessionOpener;
  readonly hub: Hub;
  readonly presence: Pick<Presence, 'begin' | 'end'>;
  readonly userPushes: UserPushes;
  readonly profiles: UserProfiles;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly failures: FailureLog;
  readonly connectionLimits: ConnectionLimits;
  readonly refusals: RefusalLog;
}

/** A connection without a signed-in user: counted until it is signed in, or gone. */
interface PendingConnection {
  readonly origin: ConnectionOrigin;
  /** What the handshake carried. */
  readonly credential: string | undefined;
  /** Waits for `connect`. */
  readonly timer: Timer;
  /** Its place among the sign-ins, once it is known whose it is. */
  turn: Turn | undefined;
}

/** A connection with a signed-in user, until it is gone. */
interface SignedInConnection {
  readonly origin: ConnectionOrigin;
  /** When its token expires. */
  expiry: Timer | undefined;
}

export class SignIn {
  readonly #authenticator: Authenticator;
  readonly #users: ActiveUsers;
  readonly #blocks: UserBlocks;
  readonly #opener: SessionOpener;
  readonly #hub: Hub;
  readonly #presence: SignInParts['presence'];
  readonly #userPushes: UserPushes;
  readonly #profileClaims: ProfileClaimsRule;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #failures: FailureLog;
  readonly #turns: FairTurns;
  readonly #options: SignInOptions;
  readonly #connectionLimits: ConnectionLimits;
  readonly #refusals: RefusalLog;
  readonly #pending = new Map<ClientSession, PendingConnection>();
  readonly #signedIn = new Map<ClientSession, SignedInConnection>();

  constructor(parts: SignInParts, options: SignInOptions) {
    this.#authenticator = parts.authenticator;
    this.#users = parts.users;
    this.#blocks = parts.blocks;
    this.#opener = parts.opener;
    this.#hub = parts.hub;
    this.#presence = parts.presence;
    this.#userPushes = parts.userPushes;
    this.#profileClaims = new ProfileClaimsRule(parts);
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#failures = parts.failures;
    this.#connectionLimits = parts.connectionLimits;
    this.#refusals = parts.refusals;
    this.#options = options;
    const { signIns: atWork, signInsPerUser: atWorkPerParty } = options;
    // Those that wait are bounded by the sessions that a user may have.
    this.#turns = new FairTurns({ atWork, atWorkPerParty, waiting: Number.POSITIVE_INFINITY });
  }

  /** For a new connection. A bad credential of the handshake is refused without waiting for `connect`. */
  begin(session: ClientSession, origin: ConnectionOrigin, handshake: HandshakeCredential): void {
    const timer = this.#clock.setTimer(this.#options.connectTimeoutMs, () => {
      session.end(CloseCode.noConnect, 'no connect command came in time');
    });
    const credential = handshake.ok ? handshake.token : undefined;
    this.#pending.set(session, { origin, credential, timer, turn: undefined });
    this.#connectionLimits.upgraded(origin);
    if (!handshake.ok) {
      const refusal = { ok: false, code: 'unauthenticated', message: handshake.message } as const;
      this.#refuse(session, undefined, origin, refusal);
    } else if (credential !== undefined) {
      void this.#checkHandshakeCredential(session, origin, credential);
    }
  }

  /** @param onReady  called once `connected` was queued and the session is at the tail, or behind, everywhere */
  connect(session: ClientSession, command: ConnectCommand, onReady: () => void): void {
    const pending = this.#pending.get(session);
    if (pending === undefined || session.phase !== 'pending') return;
    pending.timer.cancel();
    session.phase = 'signing-in';
    session.takesBatches = command.batch === true;
    this.#connect(session, command, pending)
      .then((isReady) => {
        if (isReady) onReady();
      })
      .catch((error: unknown) => {
        this.#failures.report('Sign-in failed', error, { session: session.id });
        if (session.phase === 'signing-in') replyError(session, command, failedSignIn(error));
        session.end(CloseCode.internal, 'the session could not be opened');
      });
  }

  refresh(session: ClientSession, command: RefreshCommand): void {
    session.startCommand();
    this.#refresh(session, command).then(
      () => session.finishCommand(),
      (error: unknown) => {
        this.#failures.report('Refresh failed', error, { session: session.id });
        replyError(session, command, { code: 'unavailable', message: 'the token could not be checked now; try again' });
        session.finishCommand();
      },
    );
  }

  /** Whom to name in the log: the user, or before sign-in the address. */
  callerOf(session: ClientSession): RefusedCaller {
    const pending = this.#pending.get(session);
    return pending === undefined ? { user: session.user } : { address: pending.origin.address };
  }

  /** For a connection that has ended: nothing of it stays here or in the hub, and its sign-in stops. */
  end(session: ClientSession): void {
    const pending = this.#pending.get(session);
    if (pending !== undefined) {
      pending.timer.cancel();
      pending.turn?.end();
      this.#pending.delete(session);
      this.#connectionLimits.ended(pending.origin, { wasSignedIn: false });
    }
    const signedIn = this.#signedIn.get(session);
    if (signedIn !== undefined) {
      signedIn.expiry?.cancel();
      this.#signedIn.delete(session);
      this.#connectionLimits.ended(signedIn.origin, { wasSignedIn: true });
    }
    if (session.reader !== undefined) this.#hub.leave(session.reader);
    this.#userPushes.end(session);
    this.#users.leave(session);
    this.#presence.end(session);
  }

  /** False: it was refused, or ended before it was ready. */
  async #connect(session: ClientSession, command: ConnectCommand, pending: PendingConnection): Promise<boolean> {
    const who = await this.#authenticate(session, command, pending);
    if (who === undefined || session.hasEnded) return false;
    session.role = who.role;
    // In one step with being admitted: from then on a block ends the session.
    const block = this.#blocks.blockOf(who.user);
    if (block !== undefined) {
      this.#refuseBlocked(session, command, block);
      return false;
    }
    if (!this.#users.admit(session, who.user, command.device ?? defaultDeviceId)) {
      this.#refuseConnect(session, command, who.user, tooManySessions);
      return false;
    }
    const turn = this.#turns.take(who.user);
    pending.turn = turn;
    try {
      if (!(await turn.granted) || session.hasEnded) return false;
      const opened = await this.#opener.open(session, command, who.profile);
      if (opened === undefined) return false;
      if (typeof opened === 'string') {
        this.#refuseConnect(session, command, who.user, refusalOfDevice(opened, session.identity!));
        return false;
      }
      session.phase = 'ready';
      this.#pending.delete(session);
      this.#signedIn.set(session, { origin: pending.origin, expiry: undefined });
      this.#connectionLimits.signedIn(pending.origin);
      this.#replyConnected(session, command, who, opened);
      this.#hub.finishOpening(session.reader!);
      this.#presence.begin(session);
      this.#userPushes.attend(session);
      this.#profileClaims.signedIn(who);
      this.#endSessionAt(session, who.validUntil);
    } finally {
      turn.end();
    }
    this.#logger.debug({ session: session.id, user: who.user, device: session.identity?.device }, 'Connected');
    return true;
  }

  /** The one user whom all credentials name; undefined after the session was refused. */
  async #authenticate(
    session: ClientSession,
    command: ConnectCommand,
    { credential, origin }: PendingConnection,
  ): Promise<Authenticated | undefined> {
    const tokens = [credential, command.token].filter((token) => token !== undefined);
    if (tokens.length === 0) {
      const message = 'connect needs a token: none came with it or with the handshake';
      this.#refuse(session, command, origin, { ok: false, code: 'unauthenticated', message });
      return undefined;
    }
    let who: Authenticated | undefined;
    for (const token of tokens) {
      const outcome = await this.#authenticator.authenticate(token);
      if (!outcome.ok) {
        this.#refuse(session, command, origin, outcome);
        return undefined;
      }
      if (who !== undefined && who.user !== outcome.user) {
        const message = 'the handshake and connect name two different users';
        this.#refuse(session, command, origin, { ok: false, code: 'unauthenticated', message });
        return undefined;
      }
      who = outcome;
    }
    return who;
  }

  async #checkHandshakeCredential(session: ClientSession, origin: ConnectionOrigin, credential: string): Promise<void> {
    const outcome = await this.#authenticator.authenticate(credential);
    if (session.phase !== 'pending') return;
    if (!outcome.ok) this.#refuse(session, undefined, origin, outcome);
    else {
      const block = this.#blocks.blockOf(outcome.user);
      if (block !== undefined) this.#refuseBlocked(session, undefined, block);
    }
  }

  #refuseBlocked(session: ClientSession, command: ConnectCommand | undefined, block: UserBlock): void {
    const refusal = refusalOf(block);
    this.#refusals.report('blockedUser', { user: block.user }, refusal);
    if (command !== undefined) replyError(session, command, refusal);
    session.end(CloseCode.revoked, refusal.message);
  }

  /** @param command  undefined: the handshake is refused, before any command */
  #refuse(
    session: ClientSession,
    command: ConnectCommand | undefined,
    { address }: ConnectionOrigin,
    refusal: AuthenticationRefusal,
  ): void {
    this.#refusals.report('credentials', { address }, refusal);
    if (command !== undefined) replyError(session, command, refusal);
    session.end(closeCodeOf(refusal), refusal.message, refusal.afterMs);
  }

  #refuseConnect(session: ClientSession, command: ConnectCommand, user: UserId, refusal: ConnectRefusal): void {
    this.#refusals.report(refusal.kind, { user }, refusal);
    replyError(session, command, refusal);
    session.end(refusal.closeCode, refusal.message);
  }

  #replyConnected(session: ClientSession, command: ConnectCommand, who: Authenticated, opened: OpenedSession): void {
    const { heartbeatMs, server, limits, features } = this.#options;
    const { connectedBytes, ignoredBytes } = fieldLimits;
    const ignoredTexts = fittingTexts(opened.ignored.map(jsonOf), ignoredBytes);
    const ignored = opened.ignored.slice(0, ignoredTexts.length);
    const bytesLeft = connectedBytes - CONNECTED_FIELDS_BYTES - Buffer.byteLength(ignoredTexts.join());
    const all = opened.list.channels.map((channel) => channelText(channel, who.user));
    const texts = fittingTexts(all, bytesLeft);
    const more = opened.list.more || texts.length < all.length ? true : undefined;
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
      more,
      ignored,
    };
    reply(session, command, (re) => encodeConnected(re, connected, texts));
  }

  async #refresh(session: ClientSession, command: RefreshCommand): Promise<void> {
    const outcome = await this.#authenticator.authenticate(command.token);
    if (session.hasEnded) return;
    if (!outcome.ok) {
      this.#refusals.report('credentials', { user: session.user }, outcome);
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
    session.role = outcome.role;
    this.#endSessionAt(session, outcome.validUntil);
    reply(session, command, (re) => encodeRefreshed(re, { expiresAt: outcome.expiresAt }));
    this.#profileClaims.refreshed(outcome);
  }

  #endSessionAt(session: ClientSession, validUntil: number | undefined): void {
    const signedIn = this.#signedIn.get(session);
    if (signedIn === undefined) return;
    signedIn.expiry?.cancel();
    signedIn.expiry =
      validUntil === undefined
        ? undefined
        : this.#clock.setTimer(validUntil - this.#clock.now(), () => {
            session.end(CloseCode.tokenExpired, 'the token expired');
          });
  }
}

function jsonOf(text: string): string {
  return JSON.stringify(text);
}

/** What is full passes; what failed inside may not. */
function failedSignIn(error: unknown): CommandError {
  if (error instanceof ServerError && error.code === 'overloaded') {
    return { code: 'unavailable', message: 'too many sign-ins wait; connect again later', afterMs: OVERLOAD_RETRY_MS };
  }
  return { code: 'internal', message: 'the session could not be opened; connect again later' };
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
