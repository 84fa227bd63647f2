// The life of the connection: comes back with full jitter, or stops, as the close code says.

import {
  CloseCode,
  type ConnectedAnswer,
  reconnectRule,
  type ServerMessage,
  StandardCloseCode,
} from '@longwire/protocol';
import { LongwireError } from '../errors.js';
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
  /** What was sent on the connection and not answered will not be. */
  onLost(): void;
  /** The client does not come back by itself. */
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

// A connection that lasted less is no proof that the next one will: the waits go on growing.
const STABLE_MS = 5000;

/**
 * `stopped` until `start()`, and again after a close code that says so. `waiting` for the next attempt, `preparing` a
 * token and a device id, `opening` up to the sign-in, `open`, `closing` and `closed` after `close()`.
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
  /** The present connection was begun with a token that an earlier one had left. */
  #isTokenKept = false;
  #openSince = 0;
  /** The server asked not to be bothered before. */
  #notBefore = 0;
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

  /** Makes a connection now. Does nothing unless stopped or waiting. */
  start(): void {
    if (this.#phase !== 'stopped' && this.#phase !== 'waiting') return;
    this.#stopWatching ??= this.#parts.platform.onWake(() => this.#onWake());
    void this.#prepare();
  }

  send(text: string): void {
    if (this.#phase === 'open') this.#socket?.send(text);
  }

  /** Gives the present connection up and makes another, with the cursors as they are then. */
  renew(code: number, reason: string): void {
    if (this.#phase === 'open') this.#socket?.drop(code, reason);
  }

  /** Renews a connection that works, by the client's own wish: what went wrong before counts no more. */
  refresh(code: number, reason: string): void {
    this.#attempt = 0;
    this.renew(code, reason);
  }

  /** Ends it for good. Resolves when the socket is gone. Idempotent. */
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
    this.#change('connecting', undefined, this.#attempt === 0 ? 'Connecting' : `Attempt ${this.#attempt + 1}`, true);
    const { tokens, devices, platform } = this.#parts;
    const { connectTimeoutMs } = this.#options;
    let credentials: Credentials;
    try {
      const sources = { tokens, devices, owner: this.#userGuard, clock: platform.clock };
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

  // Asked by a method: the compiler does not know that the phase may change across an await.
  #isPreparing(): boolean {
    return this.#phase === 'preparing';
  }

  #onTokenFailed(error: LongwireError): void {
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
        onRefused: ({ code, message, retryable, afterMs }) =>
          this.#port.onError(new LongwireError(code, message, { retryable, afterMs })),
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
    // close() came while the sign-in was under way.
    if (this.#phase !== 'opening') return;
    try {
      this.#userGuard.checkUser(answer.user);
    } catch (error) {
      this.#refuseUser(error as LongwireError);
      return;
    }
    this.#phase = 'open';
    this.#openSince = clock.now();
    this.#notBefore = 0;
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
    // First the client, then the app: its listeners find the session in place.
    this.#port.onConnected(answer);
    this.#change('connected', undefined, `Signed in as ${answer.user}`, true);
  }

  #checkRenewed(token: string): void {
    try {
      this.#userGuard.checkToken(token);
    } catch (error) {
      this.#refuseUser(error as LongwireError);
      throw error;
    }
  }

  /** From here on nothing is sent. Before `open` nothing was but `connect`: sends and acks wait for it. */
  #refuseUser(error: LongwireError): void {
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
    // Ended from here, for a reason that was told.
    if (this.#phase === 'stopped') return;
    const wasOpen = this.#phase === 'open';
    this.#socket = undefined;
    if (this.#phase === 'closing') {
      this.#becomeClosed(end.code, end.reason);
      return;
    }
    this.#stopHelpers();
    if (wasOpen) this.#port.onLost();
    if (wasOpen && this.#parts.platform.clock.now() - this.#openSince >= STABLE_MS) this.#attempt = 0;
    // A kept token may be older than the server's key. Only the refusal of one that was fetched for this attempt is final.
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
    const delayMs = backoffMs(this.#attempt, this.#parts.random, this.#options.backoff, afterMs);
    this.#attempt += 1;
    this.#notBefore = clock.now() + afterMs;
    this.#phase = 'waiting';
    this.#retry = clock.startTimer(delayMs, () => this.start());
    this.#change('disconnected', code, reason, true, delayMs);
  }

  #stop(error: LongwireError, code: number): void {
    this.#phase = 'stopped';
    this.#attempt = 0;
    this.#socket = undefined;
    this.#userGuard.onStopped();
    // What was refused once is not tried again when the app calls `reconnect()`.
    this.#parts.tokens.forget();
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#port.onStopped(error);
    this.#change('disconnected', code, error.message, false);
  }

  /** The machine may have slept or changed networks: a connection that looks alive is asked, a wait is cut short. */
  #onWake(): void {
    if (this.#phase === 'open') {
      this.#keepAlive?.check();
      return;
    }
    if (this.#phase !== 'waiting') return;
    const { clock } = this.#parts.platform;
    const askedMs = Math.max(0, this.#notBefore - clock.now());
    this.#retry?.cancel();
    // Still with jitter: a whole office comes back online in the same moment.
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
