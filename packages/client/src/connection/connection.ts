// The life of the connection: reconnects with full jitter, or stops, depending on the close code.

import {
  CloseCode,
  type ConnectedAnswer,
  reconnectRule,
  type ServerMessage,
  StandardCloseCode,
} from '@longwire/protocol';
import { errorFromServer, LongwireError } from '../errors.js';
import type { Platform, PlatformTimer } from '../platform/platform.js';
import { type BackoffOptions, backoffMs, type RandomFraction } from './backoff.js';
import type { ConnectionState, ConnectionStateChange } from './connection-state.js';
import { type Credentials, gatherCredentials } from './credentials.js';
import type { DeviceIds } from './device-ids.js';
import { KeepAlive } from './keep-alive.js';
import { type SessionEnd, SessionSocket } from './session-socket.js';
import type { TokenProvider } from './token-provider.js';
import { UserGuard } from './user-guard.js';

export interface ConnectionPort {
  /** The text of a `connect` command. */
  connectText(id: number, token: string | undefined, device: string): string;
  nextId(): number;
  onState(change: ConnectionStateChange): void;
  onConnected(answer: ConnectedAnswer): void;
  onMessage(message: ServerMessage, size: number): void;
  /** The commands that were sent on the connection and not answered will not be answered. */
  onLost(): void;
  /** The client does not reconnect by itself. */
  onStopped(error: LongwireError): void;
  onError(error: LongwireError): void;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly backoff: BackoffOptions;
  readonly connectTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly keepBodyText: boolean;
}

export interface ConnectionParts {
  readonly platform: Pick<Platform, 'clock' | 'openSocket' | 'onWake'>;
  readonly random: RandomFraction;
  readonly tokens: TokenProvider;
  readonly devices: DeviceIds;
}

// Only after a connection that lasted this long do the waits before a reconnect start from the shortest again.
const STABLE_MS = 10_000;

/**
 * `stopped` until `start()`, and after a close code that is final. `waiting` for the next attempt, `preparing` a token
 * and a device id, `opening` until the sign-in, `open`, `closing` and `closed` after `close()`.
 */
type Phase = 'stopped' | 'waiting' | 'preparing' | 'opening' | 'open' | 'closing' | 'closed';

export class Connection {
  readonly #port: ConnectionPort;
  readonly #options: ConnectionOptions;
  readonly #parts: ConnectionParts;
  readonly #userGuard = new UserGuard();
  #phase: Phase = 'stopped';
  #state: ConnectionState = 'disconnected';
  #socket: SessionSocket | undefined;
  #keepAlive: KeepAlive | undefined;
  #retry: PlatformTimer | undefined;
  #attempt = 0;
  /** The current connection was opened with a token of an earlier one. */
  #isTokenKept = false;
  #stable: PlatformTimer | undefined;
  /** The server asked not to reconnect before this time. */
  #notBefore = 0;
  /** No sign-in has succeeded yet, and `connection_failed` was not reported. */
  #isFirstFailureDue = true;
  /** Another error has reported why the current attempt failed. */
  #isAttemptReported = false;
  #stopWatching: (() => void) | undefined;
  #onClosed: (() => void)[] = [];

  constructor(port: ConnectionPort, parts: ConnectionParts, options: ConnectionOptions) {
    this.#port = port;
    this.#parts = parts;
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  /** Connects now. Does nothing unless stopped or waiting. */
  start(): void {
    if (this.#phase !== 'stopped' && this.#phase !== 'waiting') return;
    this.#stopWatching ??= this.#parts.platform.onWake(() => this.#onWake());
    void this.#prepare();
  }

  send(text: string): void {
    if (this.#phase === 'open') this.#socket?.send(text);
  }

  /** Drops the current connection and makes another, with the cursors of that time. */
  renew(code: number, reason: string): void {
    if (this.#phase === 'open') this.#socket?.drop(code, reason);
  }

  /** As `renew`, for a connection that works: earlier failures do not lengthen the wait. */
  refresh(code: number, reason: string): void {
    this.#attempt = 0;
    this.renew(code, reason);
  }

  /** Ends the connection for good. Resolves when the socket is gone. Idempotent. */
  close(): Promise<void> {
    if (this.#phase === 'closed') return Promise.resolve();
    const closed = new Promise<void>((resolve) => this.#onClosed.push(resolve));
    if (this.#phase === 'closing') return closed;
    const socket = this.#phase === 'open' || this.#phase === 'opening' ? this.#socket : undefined;
    this.#stopHelpers();
    this.#parts.tokens.stop();
    this.#parts.devices.stop();
    this.#stopWatching?.();
    this.#phase = 'closing';
    if (socket === undefined) this.#becomeClosed(undefined, 'Closed by the app');
    else socket.close(this.#options.closeTimeoutMs);
    return closed;
  }

  async #prepare(): Promise<void> {
    this.#retry?.cancel();
    this.#phase = 'preparing';
    this.#isAttemptReported = false;
    this.#change('connecting', undefined, this.#attempt === 0 ? 'Connecting' : `Attempt ${this.#attempt + 1}`, true);
    const { tokens, devices, platform } = this.#parts;
    const { connectTimeoutMs } = this.#options;
    let credentials: Credentials;
    try {
      const sources = { tokens, devices, userGuard: this.#userGuard, clock: platform.clock };
      credentials = await gatherCredentials(sources, connectTimeoutMs);
    } catch (error) {
      if (this.#isPreparing()) this.#onTokenFailed(error as LongwireError);
      return;
    }
    if (!this.#isPreparing()) return;
    if (credentials.leftMs > 0) this.#open(credentials);
    else
      this.#wait({
        code: StandardCloseCode.abnormalClosure,
        reason: `No sign-in within ${connectTimeoutMs} ms`,
        afterMs: undefined,
      });
  }

  // A method, because the compiler does not know that the phase may change during an await.
  #isPreparing(): boolean {
    return this.#phase === 'preparing';
  }

  #onTokenFailed(error: LongwireError): void {
    this.#isAttemptReported = true;
    if (!error.retryable) {
      this.#stop(error, CloseCode.badToken);
      return;
    }
    this.#port.onError(error);
    this.#wait({ code: StandardCloseCode.abnormalClosure, reason: error.message, afterMs: error.afterMs });
  }

  #open({ token, isTokenKept, device, leftMs }: Credentials): void {
    this.#phase = 'opening';
    this.#isTokenKept = isTokenKept;
    const socket: SessionSocket = new SessionSocket(
      {
        connectText: (id) => this.#port.connectText(id, token, device),
        onConnected: (answer) => this.#onConnected(answer),
        onRefused: (error) => {
          this.#isAttemptReported = true;
          this.#port.onError(errorFromServer(error));
        },
        onMessage: (message, size) => this.#onMessage(message, size),
        onEnd: (end) => this.#onEnd(end),
      },
      this.#parts.platform,
      {
        url: this.#options.url,
        timeoutMs: leftMs,
        connectId: this.#port.nextId(),
        keepBodyText: this.#options.keepBodyText,
      },
    );
    this.#socket = socket;
  }

  #onConnected(answer: ConnectedAnswer): void {
    const { clock } = this.#parts.platform;
    // close() was called during the sign-in.
    if (this.#phase !== 'opening') return;
    try {
      this.#userGuard.checkUser(answer.user);
    } catch (error) {
      this.#stopForUser(error as LongwireError);
      return;
    }
    this.#phase = 'open';
    this.#stable = clock.startTimer(STABLE_MS, () => {
      this.#attempt = 0;
    });
    this.#notBefore = 0;
    this.#isFirstFailureDue = false;
    this.#keepAlive = new KeepAlive(
      {
        sendCommand: (write) => {
          const id = this.#port.nextId();
          this.#socket?.send(JSON.stringify(write(id)));
          return id;
        },
        checkToken: (token) => this.#checkRenewed(token),
        onError: (error) => this.#port.onError(error),
        onDead: (code, reason) => this.renew(code, reason),
      },
      this.#parts.tokens,
      clock,
      answer,
    );
    // First the client, then the app, so that its listeners find the session.
    this.#port.onConnected(answer);
    this.#change('connected', undefined, `Signed in as ${answer.user}`, true);
  }

  #checkRenewed(token: string): void {
    try {
      this.#userGuard.checkToken(token);
    } catch (error) {
      this.#stopForUser(error as LongwireError);
      throw error;
    }
  }

  /** Nothing is sent from here on. Before `open`, only `connect` was: sends and acks wait for that phase. */
  #stopForUser(error: LongwireError): void {
    const socket = this.#socket;
    this.#stopHelpers();
    if (this.#phase === 'open') this.#port.onLost();
    this.#stop(error, CloseCode.badToken);
    socket?.drop(StandardCloseCode.normal, '');
  }

  #onMessage(message: ServerMessage, size: number): void {
    if (this.#phase !== 'open') return;
    this.#keepAlive?.heard();
    if (message.kind === 'answer' && this.#keepAlive?.take(message.answer) === true) return;
    this.#port.onMessage(message, size);
  }

  #onEnd(end: SessionEnd): void {
    // Ended by this side, for a reason that was reported.
    if (this.#phase === 'stopped') return;
    const wasOpen = this.#phase === 'open';
    this.#socket = undefined;
    if (this.#phase === 'closing') {
      this.#becomeClosed(end.code, end.reason);
      return;
    }
    this.#stopHelpers();
    if (wasOpen) this.#port.onLost();
    // A kept token may be older than the server's key. Only the refusal of a token fetched for this attempt is final.
    const isOldTokenRefused = this.#isTokenKept && end.code === CloseCode.badToken;
    switch (isOldTokenRefused ? 'after-token' : reconnectRule(end.code)) {
      case 'no': {
        const { code: closeCode, reason } = end;
        this.#stop(new LongwireError('stopped', `${reason} (close code ${closeCode})`, { closeCode }), closeCode);
        return;
      }
      case 'after-token':
        this.#parts.tokens.forget();
        break;
      case 'yes':
        break;
    }
    this.#wait(end);
  }

  #wait({ code, reason, afterMs = 0 }: SessionEnd): void {
    const { clock } = this.#parts.platform;
    this.#reportFirstFailure(reason);
    const delayMs = backoffMs(this.#attempt, this.#parts.random, this.#options.backoff, afterMs);
    this.#attempt += 1;
    this.#notBefore = clock.now() + afterMs;
    this.#phase = 'waiting';
    this.#retry = clock.startTimer(delayMs, () => this.start());
    this.#change('disconnected', code, reason, true, delayMs);
  }

  /** Only once: the state event has the later attempts, and those after a connection that was lost. */
  #reportFirstFailure(reason: string): void {
    if (!this.#isFirstFailureDue || this.#isAttemptReported) return;
    this.#isFirstFailureDue = false;
    // Without what may be secret in it: a password, a token in the query.
    const address = this.#options.url.replace(/\/\/[^/]*@/, '//').replace(/\?.*/, '');
    this.#port.onError(new LongwireError('connection_failed', `Cannot connect to ${address}, trying again: ${reason}`));
  }

  #stop(error: LongwireError, code: number): void {
    this.#phase = 'stopped';
    this.#attempt = 0;
    this.#socket = undefined;
    this.#userGuard.onStopped();
    // A refused token is not used again when the app calls `reconnect()`.
    this.#parts.tokens.forget();
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#port.onStopped(error);
    this.#change('disconnected', code, error.message, false);
  }

  /** The machine may have slept or changed networks: checks an open connection, and shortens a wait. */
  #onWake(): void {
    if (this.#phase === 'open') {
      this.#keepAlive?.check();
      return;
    }
    if (this.#phase !== 'waiting') return;
    const { clock } = this.#parts.platform;
    const askedMs = Math.max(0, this.#notBefore - clock.now());
    this.#retry?.cancel();
    // With jitter, because a whole office comes online in the same moment.
    this.#retry = clock.startTimer(backoffMs(0, this.#parts.random, this.#options.backoff, askedMs), () =>
      this.start(),
    );
  }

  #becomeClosed(code: number | undefined, reason: string): void {
    this.#phase = 'closed';
    this.#change('closed', code, reason, false);
    for (const resolve of this.#onClosed.splice(0)) resolve();
  }

  #stopHelpers(): void {
    this.#retry?.cancel();
    this.#stable?.cancel();
    this.#keepAlive?.stop();
    this.#keepAlive = undefined;
  }

  #change(
    state: ConnectionState,
    code: number | undefined,
    reason: string,
    willReconnect: boolean,
    retryInMs?: number,
  ): void {
    const previous = this.#state;
    this.#state = state;
    this.#port.onState({ state, previous, code, reason, willReconnect, retryInMs });
  }
}
