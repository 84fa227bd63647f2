// Certificate and key of the listener, read from files, and again when the files change.

import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type Server as TlsServer } from 'node:tls';
import { invalidConfig } from '../errors.js';
import type { Clock, Timer } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';

export interface TlsPaths {
  /** PEM: the certificate, then those of its issuers. */
  readonly cert: string;
  /** PEM, without a passphrase. */
  readonly key: string;
}

export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Between two looks at the files. Polled, because a replaced link (as of a secret in Kubernetes) is no event of its own. */
const CHECK_INTERVAL_MS = 5_000;

export class TlsFiles {
  readonly #paths: TlsPaths;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #version: string;
  /** What the listener begins with. */
  readonly keyPair: KeyPair;

  /** @throws ServerError `invalid_config` if the files cannot be read, or do not belong together */
  constructor(paths: TlsPaths, options: { readonly clock: Clock; readonly logger: Logger }) {
    this.#paths = paths;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#version = this.#presentVersion();
    try {
      this.keyPair = readKeyPair(paths);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `tlsCert and tlsKey cannot be used: ${reason} (${paths.cert}, ${paths.key})`;
      throw invalidConfig([{ key: 'tlsCert', message }], cause);
    }
  }

  /** Gives the server what the files hold, each time they change and hold a pair. New connections get it; open ones stay. */
  watch(server: TlsServer): Timer {
    return this.#clock.setRepeatingTimer(CHECK_INTERVAL_MS, () => this.#readAgainIfChanged(server));
  }

  #readAgainIfChanged(server: TlsServer): void {
    const version = this.#presentVersion();
    if (version === this.#version) return;
    // Once for each change, also one that is no use: a program that renews a certificate writes two files, one after the other.
    this.#version = version;
    try {
      server.setSecureContext(readKeyPair(this.#paths));
      this.#logger.info({ ...this.#paths }, 'Read the TLS certificate and its key again, because they changed');
    } catch (error) {
      this.#logger.error(
        { err: error, ...this.#paths },
        'Cannot use the changed TLS certificate and key; the old ones stay',
      );
    }
  }

  #presentVersion(): string {
    return [this.#paths.cert, this.#paths.key].map(versionOf).join(' ');
  }
}

/** @throws what cannot be read, is no PEM, or does not belong together */
function readKeyPair({ cert, key }: TlsPaths): KeyPair {
  const pair = { cert: readFileSync(cert), key: readFileSync(key) };
  createSecureContext(pair);
  return pair;
}

/** Of the file behind a link. */
function versionOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 'absent' : `${stats.ino}-${stats.size}-${stats.mtimeMs}`;
}
