// The parts of a client, wired together: reading, sending, connection. The app uses it through client.ts.

import {
  CloseCode,
  type ConnectedAnswer,
  defaultSessionLimits,
  fieldLimits,
  isMessageEntry,
  type Position,
  protocolTimes,
} from '@longwire/protocol';
import { assertSignal, onAbort, type WaitOptions } from './arguments/abort-signal.js';
import { assertOptionNames } from './arguments/option-names.js';
import type { ResolvedClientOptions } from './arguments/options.js';
import type { LongwireEvents, SessionInfo } from './client-events.js';
import { fractionFrom } from './connection/backoff.js';
import { Connection } from './connection/connection.js';
import { DeviceIds } from './connection/device-ids.js';
import { TokenProvider } from './connection/token-provider.js';
import { LongwireError } from './errors.js';
import { Listeners } from './listeners.js';
import type { Platform, PlatformTimer } from './platform/platform.js';
import { AckBatcher } from './reading/ack-batcher.js';
import { Dispatcher } from './reading/dispatcher.js';
import { Inbound } from './reading/inbound.js';
import { TypingStates } from './reading/typing-states.js';
import { Watches } from './reading/watches.js';
import { CommandQueue } from './sending/command-queue.js';
import { Groups } from './sending/groups.js';
import { PendingSends } from './sending/pending-sends.js';
import { Profiles } from './sending/profiles.js';
import { Queries } from './sending/queries.js';
import { ReportedPromise, type ReportedPromisePort } from './sending/reported-promise.js';
import { Requests } from './sending/requests.js';
import { Signals } from './sending/signals.js';

// The part of `limits.inFlight` that is reserved for queries, acks, pings and refreshes.
const QUERY_WINDOW = 8;
const RESERVED_WINDOW = QUERY_WINDOW + 4;
const MAX_QUERIES = 1000;
const MAX_REPEATS = 5;
// In one `ack`: even with the longest addresses it stays below `limits.commandBytes`.
const ACKED_CHANNELS = 200;
// Half of a command. The other half is for the token.
const CURSOR_BYTES = defaultSessionLimits.commandBytes / 2;

interface ReadyWaiter {
  resolve(session: SessionInfo): void;
  reject(error: LongwireError): void;
}

export class ClientCore {
  readonly listeners: Listeners<LongwireEvents>;
  readonly connection: Connection;
  readonly acks: AckBatcher;
  readonly inbound: Inbound;
  /** The queue of sends. */
  readonly sends: CommandQueue;
  readonly pendingSends: PendingSends;
  readonly queries: Queries;
  readonly groups: Groups;
  readonly profiles: Profiles;
  readonly signals: Signals;
  readonly watches: Watches;
  readonly #typing: TypingStates;
  readonly #options: ResolvedClientOptions;
  readonly #platform: Platform;
  readonly #promisePort: ReportedPromisePort;
  readonly #requests: CommandQueue;
  readonly #ackAnswers = new Map<number, (error: LongwireError | undefined) => void>();
  readonly #readyWaiters = new Set<ReadyWaiter>();
  /** The heads of the logs at the last sign-in, for channels of which nothing was received since. */
  #heads = new Map<string, Position>();
  #session: SessionInfo | undefined;
  #lastId = 0;
  /** Why nothing is sent: the client was closed, or is stopped until the next `start()`. */
  #ended: LongwireError | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedClientOptions, platform: Platform) {
    this.#options = options;
    this.#platform = platform;
    const { clock } = platform;
    const fillRandom = (bytes: Uint8Array) => platform.fillRandom(bytes);
    const random = fractionFrom(fillRandom);
    this.listeners = new Listeners((error, event) => this.#onListenerThrew(error, event));
    this.acks = new AckBatcher(
      {
        sendAck: (cursors, onAnswer) => this.#sendAck(cursors, onAnswer),
        onError: (error) => this.#report(error),
      },
      clock,
      { afterMs: options.ackAfterMs, afterEntries: options.ackAfterEntries, maxChannels: ACKED_CHANNELS },
    );
    this.inbound = new Inbound(
      {
        isListening: (kind) => this.listeners.has('message') || this.listeners.has(kind),
        deliverMessage: (message) => this.listeners.call('message', message),
        deliverMember: (member) => this.listeners.call('member', member),
        deliverGroup: (group) => this.listeners.call('group', group),
        deliverGap: ({ type: _type, ...gap }) => this.listeners.call('gap', gap),
        onOwnEntry: (entry) => this.pendingSends.onOwnEntry(entry),
        takeOwnEntry: (entry) => this.pendingSends.takeOwnEntry(entry),
        onFault: (error) => this.#onFault(error),
        onCaughtUp: () => this.connection.refresh(CloseCode.slow, 'The app has caught up: reading on from the log'),
      },
      this.acks,
      {
        ackMode: options.ackMode,
        maxQueuedEntries: options.maxQueuedEntries,
        maxQueuedSize: options.maxQueuedCharacters,
      },
      options.positions,
    );
    const backoff = { baseMs: options.reconnectBaseMs, maxMs: options.reconnectMaxMs };
    const queuePort = {
      clock,
      random,
      nextId: () => this.#nextId(),
      transmit: (text: string) => this.connection.send(text),
    };
    this.sends = new CommandQueue(queuePort, {
      maxCommands: options.maxPendingSends,
      maxSize: options.maxPendingBytes,
      backoff,
      maxRepeats: MAX_REPEATS,
    });
    this.#requests = new CommandQueue(queuePort, {
      maxCommands: MAX_QUERIES,
      maxSize: options.maxPendingBytes,
      backoff,
      maxRepeats: MAX_REPEATS,
    });
    const requestsPort = {
      clock,
      ended: () => this.#ended,
      onUnhandled: (error: LongwireError) => this.#report(error),
    };
    this.#promisePort = requestsPort;
    this.pendingSends = new PendingSends(new Requests(this.sends, requestsPort), {
      positionOf: (channel) => this.inbound.positionOf(channel) ?? this.#heads.get(channel),
      takeSent: (sent, options) => this.inbound.takeSent(sent, options),
      limits: () => this.#session?.limits ?? defaultSessionLimits,
      fillRandom,
    });
    const requests = new Requests(this.#requests, requestsPort);
    this.queries = new Queries(requests, () => this.#session?.user ?? '');
    this.groups = new Groups(requests, fillRandom);
    this.profiles = new Profiles((users, group) => this.queries.users(users, group), requestsPort);
    this.signals = new Signals({
      ...requestsPort,
      nextId: () => this.#nextId(),
      isOpen: () => this.connection.isOpen,
      transmit: (text) => this.connection.send(text),
    });
    this.#typing = new TypingStates(clock, protocolTimes.typingExpiresMs, (change) => {
      void this.listeners.call('typing', change);
    });
    this.watches = new Watches(this.queries, {
      onChange: (change) => void this.listeners.call('presence', change),
      onError: (error) => this.#report(error),
    });
    const dispatcher = new Dispatcher({
      inbound: this.inbound,
      queues: [this.sends, this.#requests, this.signals],
      onAckAnswer: (id, error) => this.#onAckAnswer(id, error),
      onReceipt: (receipt) =>
        void this.listeners.call('receipt', { ...receipt, own: receipt.user === this.#session?.user }),
      onEntry: (entry) => {
        if (isMessageEntry(entry) && entry.from !== undefined) this.#typing.end(entry.channel, entry.from);
      },
      onSignal: (signal) => {
        const own = signal.from === this.#session?.user;
        if (!own) this.#typing.take(signal);
        void this.listeners.call('signal', { ...signal, own });
      },
      onPresence: (presence) => this.watches.take(presence),
      onSettings: (settings) => void this.listeners.call('settings', settings),
      onChannel: (channel) => void this.listeners.call('channel', channel),
      onInvitation: (invitation) => void this.listeners.call('invitation', invitation),
      onGoodbye: (goodbye) => void this.listeners.call('goodbye', goodbye),
      onError: (error) => this.#report(error),
      onFault: (error) => this.#onFault(error),
    });
    this.connection = new Connection(
      {
        connectText: (id, token, device) => this.#connectText(id, token, device),
        nextId: () => this.#nextId(),
        onState: (change) => void this.listeners.call('state', change),
        onConnected: (answer) => this.#onConnected(answer),
        onMessage: (message, size) => dispatcher.dispatch(message, size),
        onLost: () => this.#onLost(),
        onStopped: (error) => this.#onStopped(error),
        onError: (error) => this.#report(error),
      },
      {
        platform,
        random,
        tokens: new TokenProvider(options.getToken, clock, options.connectTimeoutMs),
        devices: new DeviceIds({
          device: options.device,
          store: options.deviceStore ?? platform.defaultDeviceStore(),
          warn: (message) => platform.warn(message),
          clock,
          fillRandom,
          onError: (error) => this.#report(error),
        }),
      },
      {
        url: options.url,
        backoff,
        connectTimeoutMs: options.connectTimeoutMs,
        closeTimeoutMs: options.closeTimeoutMs,
        keepBodyText: options.keepBodyText,
      },
    );
  }

  get session(): SessionInfo | undefined {
    return this.#session;
  }

  start(): void {
    if (this.#closing !== undefined) return;
    this.#ended = undefined;
    this.connection.start();
  }

  /** Resolves with the current session, or with the next one. */
  ready(options: WaitOptions): Promise<SessionInfo> {
    return new ReportedPromise((resolve, reject) => {
      try {
        assertOptionNames(options, ['signal']);
        assertSignal(options.signal);
      } catch (error) {
        reject(error as LongwireError);
        return;
      }
      const { signal } = options;
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      if (this.connection.isOpen && this.#session !== undefined) {
        resolve(this.#session);
        return;
      }
      const waiter: ReadyWaiter = {
        resolve: (session) => {
          stopListening();
          resolve(session);
        },
        reject: (error) => {
          stopListening();
          reject(error);
        },
      };
      this.#readyWaiters.add(waiter);
      let stopListening: () => void = () => undefined;
      stopListening = onAbort(signal, () => {
        this.#readyWaiters.delete(waiter);
        reject(
          new LongwireError('aborted', 'Aborted by its signal before there was a session', { cause: signal?.reason }),
        );
      });
    }, this.#promisePort);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#end(new LongwireError('closed', 'The client was closed'));
    // Messages whose handlers finish in time are acknowledged. Those not delivered yet stay due to the device.
    let timer: PlatformTimer | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = this.#platform.clock.startTimer(this.#options.closeTimeoutMs, resolve);
    });
    await Promise.race([this.inbound.end(), tooLong]);
    timer?.cancel();
    this.acks.flushBeforeClosing();
    await this.connection.close();
    this.acks.stop();
  }

  #connectText(id: number, token: string | undefined, device: string): string {
    const cursors = this.inbound.cursors(fieldLimits.cursors, CURSOR_BYTES);
    return JSON.stringify({ id, type: 'connect', token, device, cursors, batch: true, client: this.#options.client });
  }

  #onConnected({ re: _re, type: _type, ...session }: ConnectedAnswer): void {
    this.#session = session;
    this.#heads = new Map(session.channels.map(({ address, epoch, head }) => [address, { epoch, offset: head }]));
    this.inbound.onConnected(session.user);
    this.acks.onConnected();
    this.sends.open(Math.max(1, session.limits.inFlight - RESERVED_WINDOW));
    this.#requests.open(QUERY_WINDOW);
    this.profiles.forget();
    this.watches.onConnected();
    for (const waiter of this.#readyWaiters) waiter.resolve(session);
    this.#readyWaiters.clear();
    void this.listeners.call('connected', session);
  }

  #onLost(): void {
    this.sends.lose();
    this.#requests.lose();
    this.#ackAnswers.clear();
    this.acks.onLost();
    this.signals.lose();
    this.#typing.endAll();
  }

  #onStopped(error: LongwireError): void {
    this.#end(error);
    this.#report(error);
  }

  /** Rejects everything that waits for an answer. */
  #end(error: LongwireError): void {
    this.#ended = error;
    const { closeCode } = error;
    for (const queue of [this.sends, this.#requests]) {
      queue.rejectAll(
        ({ key }, wasAttempted) =>
          new LongwireError(
            error.code,
            `${error.message}; this command was ${wasAttempted ? 'sent and not answered' : 'not sent'}`,
            { key, closeCode, retryable: wasAttempted },
          ),
      );
    }
    for (const waiter of this.#readyWaiters) waiter.reject(error);
    this.#readyWaiters.clear();
  }

  #onFault(error: LongwireError): void {
    this.#report(error);
    this.connection.renew(CloseCode.internal, error.message);
  }

  #sendAck(cursors: ReadonlyMap<string, Position>, onAnswer: (error: LongwireError | undefined) => void): boolean {
    if (!this.connection.isOpen) return false;
    const id = this.#nextId();
    this.#ackAnswers.set(id, onAnswer);
    this.connection.send(JSON.stringify({ id, type: 'ack', cursors: Object.fromEntries(cursors) }));
    return true;
  }

  #onAckAnswer(id: number, error: LongwireError | undefined): void {
    const onAnswer = this.#ackAnswers.get(id);
    this.#ackAnswers.delete(id);
    onAnswer?.(error);
  }

  #onListenerThrew(cause: unknown, event: keyof LongwireEvents): void {
    // An error listener that throws is not called with its own error.
    if (event === 'error') this.#platform.reportUncaught(cause);
    else this.#report(new LongwireError('handler_failed', `A handler of ${event} failed: ${String(cause)}`, { cause }));
  }

  #report(error: LongwireError): void {
    if (this.listeners.has('error')) void this.listeners.call('error', error);
    else this.#platform.reportUncaught(error);
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}
