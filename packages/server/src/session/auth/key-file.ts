// A JSON Web Key Set in a local file, read again after it changed.

import { statSync } from 'node:fs';
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { readTextFile } from '../../config/text-file.js';
import { invalidConfig } from '../../errors.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';

const CHECK_INTERVAL_MS = 5_000;

export class KeyFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #keys: JWTVerifyGetKey;
  #version: string;
  #checkedAtMs: number;

  /** @throws ServerError `invalid_config` if the file cannot be read, is not a key set, or holds a private or symmetric key */
  constructor(path: string, options: { readonly clock: Clock; readonly logger: Logger }) {
    this.#path = path;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#checkedAtMs = options.clock.monotonicMs();
    this.#version = versionOf(path);
    this.#keys = readKeys(path);
  }

  /** Key for a header, as jose asks for it. */
  readonly getKey: JWTVerifyGetKey = (header, token) => {
    this.#readAgainIfChanged();
    return this.#keys(header, token);
  };

  // A removed key must stop working, so this does not wait until a key is missing.
  #readAgainIfChanged(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#checkedAtMs < CHECK_INTERVAL_MS) return;
    this.#checkedAtMs = nowMs;
    try {
      const version = versionOf(this.#path);
      if (version === this.#version) return;
      this.#keys = readKeys(this.#path);
      this.#version = version;
      this.#logger.info({ path: this.#path }, 'Read the file of token keys again, because it changed');
    } catch (error) {
      this.#logger.error(
        { err: error, path: this.#path },
        'Cannot read the file of token keys again; the old keys stay',
      );
    }
  }
}

function versionOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 'absent' : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}

function readKeys(path: string): JWTVerifyGetKey {
  const fail = (reason: string, cause?: unknown) =>
    invalidConfig([{ key: 'jwks', message: `jwks: ${path} ${reason}` }], cause);
  let set: JSONWebKeySet;
  try {
    set = JSON.parse(readTextFile(path)) as JSONWebKeySet;
  } catch (cause) {
    throw fail(`cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  let getKey: JWTVerifyGetKey;
  try {
    getKey = createLocalJWKSet(set);
  } catch (cause) {
    throw fail('is not a JSON Web Key Set: { "keys": [ … ] }', cause);
  }
  if (set.keys.length === 0) throw fail('holds no keys');
  if (set.keys.some((key) => key.kty === 'oct'))
    throw fail('holds a shared secret (kty oct). That goes into --jwt-secret');
  if (set.keys.some((key) => key.d !== undefined)) {
    throw fail('holds a private key. The server needs public keys only; keep the private one where tokens are signed');
  }
  return getKey;
}
