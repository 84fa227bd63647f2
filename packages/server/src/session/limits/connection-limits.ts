// What callers may hold and ask for before they have signed in: per client address, and over all. A caller that floods the
// server must not keep the others out.

import { isIPv6 } from 'node:net';
import type { Clock } from '../../runtime/clock.js';
import { type Rate, TokenBucket } from '../../runtime/token-bucket.js';

export interface ConnectionLimitOptions {
  /** Upgraded and not signed in, from all addresses together. */
  readonly waiting: number;
  readonly waitingPerAddress: number;
  /** TCP connections of one address without a signed-in session. */
  readonly connectionsPerAddress: number;
  readonly handshakesPerSecond: number;
  /** Whether a peer carries the connections of many clients: those of its own are not limited. */
  readonly isProxy: (peerAddress: string) => boolean;
}

/** Where an upgraded connection comes from. */
export interface ConnectionOrigin {
  /** Of the client, as far as it is known. */
  readonly address: string;
  /** Of the TCP peer, which may be a proxy. */
  readonly peerAddress: string;
}

/** Why a handshake is refused, and after how many seconds it may come again. */
export interface HandshakeRefusal {
  readonly reason: 'waiting' | 'waitingPerAddress' | 'handshakesPerSecond';
  readonly afterS: number;
}

/** Of a rate that is exceeded; what waits may take longer, and this is as good a guess as any. */
const WAITING_RETRY_S = 2;
const HANDSHAKE_BURST_S = 2;
/** Addresses with a flood of handshakes behind them that are remembered; beyond it the first ones are forgotten. */
const MAX_ADDRESSES = 100_000;

interface AddressState {
  connections: number;
  waiting: number;
  readonly handshakes: TokenBucket;
}

export class ConnectionLimits {
  readonly #options: ConnectionLimitOptions;
  readonly #clock: Clock;
  readonly #handshakeRate: Rate;
  readonly #byNetwork = new Map<string, AddressState>();
  #waiting = 0;

  constructor(options: ConnectionLimitOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    const perSecond = options.handshakesPerSecond;
    this.#handshakeRate = { perSecond, burst: HANDSHAKE_BURST_S * perSecond };
  }

  /** A TCP connection has come; false: it is one too many. `disconnected` is due for it in any case. */
  connected(peerAddress: string): boolean {
    const state = this.#stateOf(peerAddress);
    state.connections += 1;
    return state.connections <= this.#options.connectionsPerAddress || this.#options.isProxy(peerAddress);
  }

  /** It is gone. */
  disconnected(peerAddress: string): void {
    const state = this.#stateOf(peerAddress);
    state.connections -= 1;
    this.#forgetIfIdle(peerAddress, state);
  }

  /** Counts a handshake, also one that is refused. Undefined: it may go on. */
  admitHandshake(address: string): HandshakeRefusal | undefined {
    const nowMs = this.#clock.monotonicMs();
    const state = this.#stateOf(address);
    const waitMs = state.handshakes.waitMs(1, nowMs);
    if (waitMs > 0) return { reason: 'handshakesPerSecond', afterS: Math.ceil(waitMs / 1_000) };
    state.handshakes.take(1, nowMs);
    if (this.#waiting >= this.#options.waiting) return { reason: 'waiting', afterS: WAITING_RETRY_S };
    if (state.waiting < this.#options.waitingPerAddress) return undefined;
    return { reason: 'waitingPerAddress', afterS: WAITING_RETRY_S };
  }

  /** It was upgraded, and waits until it is signed in or gone. */
  upgraded({ address }: ConnectionOrigin): void {
    this.#stateOf(address).waiting += 1;
    this.#waiting += 1;
  }

  /** From now on its user's limits count, not those of its address. */
  signedIn({ address, peerAddress }: ConnectionOrigin): void {
    this.#stopWaiting(address);
    this.disconnected(peerAddress);
  }

  /** An upgraded connection is gone, or as good as gone. */
  ended({ address, peerAddress }: ConnectionOrigin, { wasSignedIn }: { readonly wasSignedIn: boolean }): void {
    // Its TCP connection is counted off as any other, a moment later.
    if (wasSignedIn) this.#stateOf(peerAddress).connections += 1;
    else this.#stopWaiting(address);
  }

  /** Forgets addresses without a connection whose handshakes are long over. Called now and then. */
  sweep(): void {
    for (const [network, state] of this.#byNetwork) this.#deleteIfIdle(network, state);
  }

  #stopWaiting(address: string): void {
    const state = this.#stateOf(address);
    state.waiting -= 1;
    this.#waiting -= 1;
    this.#forgetIfIdle(address, state);
  }

  #stateOf(address: string): AddressState {
    const network = networkOf(address);
    let state = this.#byNetwork.get(network);
    if (state === undefined) {
      if (this.#byNetwork.size >= MAX_ADDRESSES) this.#forgetFirstIdle();
      state = { connections: 0, waiting: 0, handshakes: new TokenBucket(this.#handshakeRate) };
      this.#byNetwork.set(network, state);
    }
    return state;
  }

  #forgetIfIdle(address: string, state: AddressState): void {
    this.#deleteIfIdle(networkOf(address), state);
  }

  #deleteIfIdle(network: string, state: AddressState): void {
    const isIdle = state.connections === 0 && state.waiting === 0;
    if (isIdle && state.handshakes.isFull(this.#clock.monotonicMs())) this.#byNetwork.delete(network);
  }

  #forgetFirstIdle(): void {
    for (const [network, { connections, waiting }] of this.#byNetwork) {
      if (connections > 0 || waiting > 0) continue;
      this.#byNetwork.delete(network);
      return;
    }
  }
}

/** What is counted as one: an IPv4 address, or the first 64 bits of an IPv6 address, below which one subscriber has them all. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  while (tail !== undefined && groups.length + tailGroups.length < 8) groups.push('0');
  return [...groups, ...tailGroups].slice(0, 4).join(':');
}
