// `auth: jwt`: signed tokens, each algorithm bound to the one kind of key it is for.

import { parseUserId } from '@longwire/protocol';
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { JwtAuthConfig } from '../../config/auth-config.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { Authentication, AuthenticationRefusal, Authenticator } from './authenticator.js';
import { inspectJwt } from './jwt-header.js';
import { KeyFile } from './key-file.js';
import { KeysUnavailable, KeyUrl } from './key-url.js';
import { profileFromClaims } from './profile-claims.js';

export interface JwtAuthenticatorOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxTokenBytes: number;
}

/** Added to the longest lifetime, because the clock of the issuer may be ahead. */
const LIFETIME_LEEWAY_MS = 60_000;
/** In the year 5138. A later time is one in milliseconds, where JWT has seconds (RFC 7519 §2, NumericDate). */
const MAX_TIME_SECONDS = 1e11;

/**
 * RFC 8725 §3.1: the algorithm is pinned to the key. HS256 is verified with the secret and with nothing else, RS256, ES256
 * and EdDSA with the key set and nothing else, so that a public key is never used as a secret. No URL in a token is
 * ever followed.
 */
export class JwtAuthenticator implements Authenticator {
  readonly description: string;
  readonly #config: JwtAuthConfig;
  readonly #options: JwtAuthenticatorOptions;
  readonly #publicKeys: JWTVerifyGetKey | undefined;

  /** @throws ServerError `invalid_config` if the file of keys is not usable */
  constructor(config: JwtAuthConfig, options: JwtAuthenticatorOptions) {
    this.#config = config;
    this.#options = options;
    this.#publicKeys = publicKeysOf(config, options);
    const kinds = [config.secret === undefined ? [] : ['HS256'], config.jwks === undefined ? [] : ['JWKS']].flat();
    this.description = `jwt (${kinds.join(' and ')})`;
  }

  async authenticate(token: string): Promise<Authentication> {
    const inspected = inspectJwt(token, this.#options.maxTokenBytes);
    if (!inspected.ok) return refuse(inspected.message);
    const { algorithm } = inspected;
    const { secret } = this.#config;
    const usesSecret = algorithm === 'HS256';
    if (usesSecret ? secret === undefined : this.#publicKeys === undefined) {
      return refuse(`This server takes no tokens signed with ${algorithm}`);
    }
    try {
      // `audience: []` would refuse every token; undefined leaves the claim to us.
      const verification = {
        algorithms: [algorithm],
        audience: this.#config.audience.length > 0 ? [...this.#config.audience] : undefined,
        issuer: this.#config.issuer.length > 0 ? [...this.#config.issuer] : undefined,
        clockTolerance: this.#config.leewayMs / 1000,
        currentDate: new Date(this.#options.clock.now()),
      };
      const { payload } = usesSecret
        ? await jwtVerify(token, secret!, verification)
        : await jwtVerify(token, this.#publicKeys!, verification);
      return this.#identityOf(payload);
    } catch (error) {
      return this.#refusalFor(error);
    }
  }

  /** A token is proof enough: where it comes from does not matter. */
  refuseCaller(): undefined {
    return undefined;
  }

  #identityOf(claims: JWTPayload): Authentication {
    // RFC 7519 §4.1.3: a recipient that does not find itself in the audience must reject the token.
    if (claims.aud !== undefined && this.#config.audience.length === 0 && !this.#config.anyAudience) {
      return refuse('The token has an audience (aud), and this server has none configured (--audience)', 'aud');
    }
    // A token that grants less than everything must not be taken for one that grants everything.
    if (claims['lw'] !== undefined) {
      return refuse('The token has restrictions (lw) that this version cannot apply. Leave lw out', 'lw');
    }
    const latestIssue = (this.#options.clock.now() + this.#config.leewayMs) / 1000;
    const late = (['iat', 'nbf', 'exp'] as const).find((claim) => isBeyondTime(claims[claim]));
    if (late !== undefined) return refuse(inMilliseconds(late), late);
    if (claims.iat !== undefined && claims.iat > latestIssue) {
      return refuse('The token was issued (iat) in the future. Compare the clocks of issuer and server', 'iat');
    }
    const lifetime = this.#lifetimeProblem(claims.exp);
    if (lifetime !== undefined) return refuse(lifetime, 'exp');
    const user = typeof claims.sub === 'string' ? parseUserId(claims.sub) : undefined;
    if (user === undefined) {
      return refuse(subjectMessage(claims.sub), 'sub');
    }
    const { profile, ignored } = profileFromClaims(claims);
    const expiresAt = claims.exp === undefined ? undefined : Math.floor(claims.exp * 1000);
    return {
      ok: true,
      user,
      profile,
      ignoredClaims: ignored,
      role: claims['role'] === 'admin' ? 'admin' : undefined,
      expiresAt,
      validUntil: expiresAt === undefined ? undefined : expiresAt + this.#config.leewayMs,
    };
  }

  /** A stolen token can be used until it expires. */
  #lifetimeProblem(expSeconds: number | undefined): string | undefined {
    const { maxLifetimeMs } = this.#config;
    if (maxLifetimeMs === undefined) return undefined;
    if (expSeconds === undefined) return 'The token must have a time of expiry (exp)';
    const latestMs = this.#options.clock.now() + maxLifetimeMs + LIFETIME_LEEWAY_MS;
    if (expSeconds * 1_000 <= latestMs) return undefined;
    return `The token expires (exp) later than ${maxLifetimeMs / 1_000} s from now (maxTokenLifetimeMs)`;
  }

  #refusalFor(error: unknown): AuthenticationRefusal {
    if (error instanceof errors.JWTExpired) {
      return { ok: false, code: 'token_expired', message: 'The token has expired. Get a new one', claim: 'exp' };
    }
    if (error instanceof errors.JWTClaimValidationFailed) return refuse(claimMessage(error), error.claim);
    if (error instanceof errors.JWSSignatureVerificationFailed) {
      return refuse('The signature of the token was not made with a key this server knows');
    }
    if (error instanceof errors.JWKSNoMatchingKey) return refuse('No key of this server fits the token (kid, alg)');
    if (error instanceof errors.JWKSMultipleMatchingKeys) {
      return refuse('Several keys of this server fit the token; it must name one of them (kid)');
    }
    const isTokenAtFault =
      error instanceof errors.JWTInvalid ||
      error instanceof errors.JWSInvalid ||
      error instanceof errors.JOSEAlgNotAllowed ||
      error instanceof errors.JOSENotSupported;
    if (isTokenAtFault) return refuse('The token cannot be verified');
    const message = 'The token cannot be checked at the moment. Try again';
    // It has its line in the log already, one per fetch: clients must not be able to fill the log.
    if (error instanceof KeysUnavailable) return { ok: false, code: 'unavailable', message, afterMs: error.afterMs };
    this.#options.logger.warn({ err: error }, 'A token could not be checked: its key cannot be used');
    return { ok: false, code: 'unavailable', message };
  }
}

function publicKeysOf(config: JwtAuthConfig, options: JwtAuthenticatorOptions): JWTVerifyGetKey | undefined {
  if (config.jwks === undefined) return undefined;
  if (config.jwks.kind === 'file') return new KeyFile(config.jwks.path, options).getKey;
  return new KeyUrl(config.jwks.url, options).getKey;
}

/** Also 1e999, which JSON.parse makes Infinity. */
function isBeyondTime(time: unknown): boolean {
  return typeof time === 'number' && !(time <= MAX_TIME_SECONDS);
}

function inMilliseconds(claim: string): string {
  return `The time ${claim} of the token must be in seconds since 1970, and is in milliseconds or beyond the year 5000`;
}

function subjectMessage(subject: unknown): string {
  if (typeof subject !== 'string') return 'The token has no subject (sub) that is a text: it must be the user id';
  if (subject.normalize('NFC') !== subject) {
    return 'The subject (sub) of the token must be in Unicode normalization form C (NFC)';
  }
  return 'The subject (sub) of the token must be a user id: 1-128 bytes without white space, control characters or "/"';
}

/** By the claim's name, never its value. */
function claimMessage({ claim, reason, payload }: errors.JWTClaimValidationFailed): string {
  const isMissing = reason === 'missing' || payload[claim] === undefined;
  switch (claim) {
    case 'aud':
      return `The token is not made for this server: its audience (aud) ${isMissing ? 'is missing' : 'is another'}`;
    case 'iss':
      return `The token is not from an issuer that this server trusts: its issuer (iss) ${isMissing ? 'is missing' : 'is another'}`;
    case 'nbf':
      if (isBeyondTime(payload.nbf)) return inMilliseconds(claim);
      return reason === 'check_failed'
        ? 'The token is not valid yet (nbf)'
        : 'The time nbf of the token must be a number';
    default:
      return `The claim ${claim} of the token ${isMissing ? 'is missing' : 'has a wrong type or value'}`;
  }
}

function refuse(message: string, claim?: string): AuthenticationRefusal {
  return { ok: false, code: 'unauthenticated', message, claim };
}
