// The seams to the machine: time, randomness, network, storage. One of two platforms stands behind `#platform`.

/** A timer that was started. Cancelling it twice, or after it ran, does nothing. */
export interface PlatformTimer {
  cancel(): void;
}

export interface PlatformClock {
  /** Milliseconds since 1970, by the machine's own clock. */
  now(): number;
  /** Runs `run` once, not before `delayMs` have passed; any length of time is allowed. */
  startTimer(delayMs: number, run: () => void): PlatformTimer;
}

/** What a socket tells. After `onClose` nothing more is told. */
export interface SocketListener {
  onOpen(): void;
  onText(text: string): void;
  /** Exactly once, also if the connection was never made (then 1006). */
  onClose(code: number, reason: string): void;
}

/** One WebSocket connection, being made or open. */
export interface ClientSocket {
  send(text: string): void;
  /** Starts the closing handshake; what was sent before goes out first. */
  close(code: number, reason: string): void;
  /** Gives the connection up at once, without waiting for the peer. */
  terminate(): void;
}

/**
 * Where the device id is kept: one for each user, so that people who share a browser do not share a reading position.
 * A store that fails is reported, and the id lives as long as the client.
 */
export interface DeviceStore {
  /** @param user  whom the token names; undefined if that cannot be read from it */
  load(user: string | undefined): string | undefined | Promise<string | undefined>;
  /** Resolves with what is kept from now on: the id of whoever was first, should two programs save at once. */
  save(user: string | undefined, device: string): string | Promise<string>;
}

export interface Platform {
  readonly clock: PlatformClock;
  /** Fills `bytes` from the machine's cryptographic source. */
  fillRandom(bytes: Uint8Array): void;
  openSocket(url: string, subprotocol: string, listener: SocketListener): ClientSocket;
  defaultDeviceStore(): DeviceStore;
  /** Where the page came from, as a URL; undefined outside of pages. */
  pageUrl(): string | undefined;
  /** Calls `run` whenever the machine may have slept or changed networks. Returns the way to stop that. */
  onWake(run: () => void): () => void;
  /** Shows an error that no listener took, as the platform shows what nobody caught. */
  reportUncaught(error: unknown): void;
}
