// A JSON Web Key Set at a URL: fetched when a token needs it, and kept for a while when it cannot be fetched.

import { createHash } from 'node:crypto';
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { decodeText } from '../../config/text-file.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';

const FETCH_TIMEOUT_MS = 5_000;
/** A set of a hundred RSA keys has 50 KB. */
const MAX_SET_BYTES = 1024 * 1024;
/** A removed key stops working after this, as long as the set can be fetched. */
const MAX_AGE_MS = 600_000;
/** While it cannot be fetched, the last good set stays: an issuer that is down must not keep out users who have a token. */
const KEEP_MS = 24 * 3_600_000;
/** A token with an unknown key id causes a fetch, so the set is not fetched more often than this. */
const COOLDOWN_MS = 10_000;
/** The same while there is no set at all, so that no user can sign in. */
const FIRST_RETRY_MS = 2_000;
const MAX_REMEMBERED_TOKENS = 10_000;

/** Whether the token is good cannot be known before the keys are fetched again. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
  /** When they may be. */
  readonly afterMs: number;

  constructor(afterMs: number) {
    super('The keys of tokens cannot be fetched now');
    this.afterMs = afterMs;
  }
}

interface FetchedKeys {
  readonly getKey: JWTVerifyGetKey;
  /** Which of the fetches brought them, counted from 1 in the order of their beginning. */
  readonly fetch: number;
  readonly fetchedAtMs: number;
}

export class KeyUrl {
  readonly #url: URL;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #keys: FetchedKeys | undefined;
  #fetches = 0;
  #pending: Promise<void> | undefined;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  /** Hash of a token that was put off → how many fetches had begun when it came first. */
  readonly #putOff = new Map<string, number>();

  constructor(url: URL, options: { readonly clock: Clock; readonly logger: Logger }) {
    this.#url = url;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /**
   * Key for a header, as jose asks for it. That there is none is said only from a set that was asked for after the token
   * came: after a change of keys, the set at hand may be older than the token.
   * @throws (rejects) KeysUnavailable, or what jose throws if no key fits, or several do
   */
  readonly getKey: JWTVerifyGetKey = async (header, token) => {
    const fetchesBefore = this.#fetches;
    if (this.#ageMs() >= MAX_AGE_MS) await this.#fetchIfAllowed();
    const known = await this.#find(header, token);
    if (known !== undefined) return known;
    if (this.#usable().fetch <= fetchesBefore) await this.#fetchIfAllowed();
    const found = await this.#find(header, token);
    if (found !== undefined) return found;
    const id = createHash('sha256').update(token.signature).digest('base64');
    const firstFetchesBefore = this.#putOff.get(id) ?? fetchesBefore;
    if (this.#usable().fetch > firstFetchesBefore) throw new errors.JWKSNoMatchingKey();
    this.#remember(id, firstFetchesBefore);
    throw this.#unavailable();
  };

  async #find(header: Parameters<JWTVerifyGetKey>[0], token: FlattenedJWSInput) {
    try {
      return await this.#usable().getKey(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return undefined;
      throw error;
    }
  }

  #usable(): FetchedKeys {
    if (this.#keys === undefined || this.#ageMs() >= KEEP_MS) throw this.#unavailable();
    return this.#keys;
  }

  #ageMs(): number {
    return this.#clock.monotonicMs() - (this.#keys?.fetchedAtMs ?? Number.NEGATIVE_INFINITY);
  }

  #unavailable(): KeysUnavailable {
    return new KeysUnavailable(Math.max(0, Math.ceil(this.#notBeforeMs - this.#clock.monotonicMs())));
  }

  // Without this a token put off in the pause after a fetch might come back in the pause after the next one, and so on.
  #remember(id: string, fetchesBefore: number): void {
    this.#putOff.set(id, fetchesBefore);
    if (this.#putOff.size <= MAX_REMEMBERED_TOKENS) return;
    for (const oldest of this.#putOff.keys()) {
      this.#putOff.delete(oldest);
      return;
    }
  }

  /** Resolves when the fetch under way has ended, or one that may begin now; at once otherwise. Never rejects. */
  #fetchIfAllowed(): Promise<void> {
    if (this.#pending !== undefined) return this.#pending;
    if (this.#clock.monotonicMs() < this.#notBeforeMs) return Promise.resolve();
    this.#fetches += 1;
    this.#pending = this.#fetch(this.#fetches).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #fetch(fetch: number): Promise<void> {
    try {
      const getKey = await fetchKeySet(this.#url);
      this.#keys = { getKey, fetch, fetchedAtMs: this.#clock.monotonicMs() };
    } catch (error) {
      const url = `${this.#url.origin}${this.#url.pathname}`;
      const isKept = this.#ageMs() < KEEP_MS;
      const message = isKept
        ? 'Cannot fetch the keys of tokens; the last ones stay'
        : 'Cannot fetch the keys of tokens: no token can be checked';
      this.#logger.warn({ err: error, url }, message);
    }
    this.#notBeforeMs = this.#clock.monotonicMs() + (this.#keys === undefined ? FIRST_RETRY_MS : COOLDOWN_MS);
  }
}

async function fetchKeySet(url: URL): Promise<JWTVerifyGetKey> {
  const response = await fetch(url, {
    headers: { accept: 'application/json, application/jwk-set+json' },
    // Only the configured address is trusted, not one it redirects to.
    redirect: 'manual',
    // Until the last byte, not only until the headers arrive.
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`The answer must be 200, not ${response.status}`);
  }
  const set = JSON.parse(await readBounded(response)) as JSONWebKeySet;
  const getKey = createLocalJWKSet(set);
  // An empty set would refuse all users until the next fetch; the issuer is probably being repaired.
  if (set.keys.length === 0) throw new Error('The set holds no keys');
  return getKey;
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let byteLength = 0;
  // Leaving the loop cancels the rest of the answer.
  for await (const chunk of response.body ?? []) {
    byteLength += chunk.byteLength;
    if (byteLength > MAX_SET_BYTES) throw new Error(`The set has more than ${MAX_SET_BYTES} bytes`);
    chunks.push(chunk);
  }
  return decodeText(Buffer.concat(chunks));
}
