// What a client needs from the machine: time, randomness, network, storage. `#platform` is one of two implementations.

/** A running timer. Cancelling it twice, or after it ran, does nothing. */
export interface PlatformTimer {
  cancel(): void;
}

export interface PlatformClock {
  /** Milliseconds since 1970, by the machine's own clock. */
  now(): number;
  /** Calls `run` once, after at least `delayMs`, which may be of any length. */
  startTimer(delayMs: number, run: () => void): PlatformTimer;
}

/** The events of a socket. Nothing is called after `onClose`. */
export interface SocketListener {
  onOpen(): void;
  onText(text: string): void;
  /**
   * Called exactly once, with 1006 if the connection was never made. Then `reason` says why, as far as the platform
   * knows, and what to check.
   */
  onClose(code: number, reason: string): void;
}

/** One WebSocket connection, open or being opened. */
export interface ClientSocket {
  send(text: string): void;
  /** Starts the closing handshake, after everything that was sent before. */
  close(code: number, reason: string): void;
  /** Drops the connection at once, without waiting for the peer. */
  terminate(): void;
}

/**
 * Keeps the device ids: one for each user, so that people who share a browser do not share a reading position.
 * A store that fails is reported, and the id then lasts as long as the client.
 */
export interface DeviceStore {
  /** @param user  the user that the token names; undefined if the token does not show it */
  load(user: string | undefined): string | undefined | Promise<string | undefined>;
  /** Resolves with the id that is kept from now on. If two programs save at once, both get the id of the first. */
  save(user: string | undefined, device: string): string | Promise<string>;
}

export interface Platform {
  readonly clock: PlatformClock;
  /** Fills `bytes` from the machine's cryptographic source. */
  fillRandom(bytes: Uint8Array): void;
  openSocket(url: string, subprotocol: string, listener: SocketListener): ClientSocket;
  /** A store that outlives the program; undefined if the platform has none. */
  defaultDeviceStore(): DeviceStore | undefined;
  /** The origin of the page, as a URL; undefined outside of pages. */
  pageUrl(): string | undefined;
  /** Calls `run` whenever the machine may have slept or changed networks. Returns a function that stops this. */
  onWake(run: () => void): () => void;
  /** Shows an error that has no listener, as the platform shows uncaught errors. */
  reportUncaught(error: unknown): void;
  /** Shows a developer what to change. */
  warn(message: string): void;
}
