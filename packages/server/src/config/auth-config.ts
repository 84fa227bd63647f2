// How users sign in: the settings of each mode, checked.

import { createSecretKey, type KeyObject } from 'node:crypto';
import { parseUserId, type UserId } from '@longwire/protocol';
import { isLoopbackHost } from '@longwire/websocket';
import type { ConfigProblem } from '../errors.js';
import { configPath, type PathSurroundings } from './config-path.js';
import type { Environment } from './environment.js';
import type { SettingValues } from './settings.js';

/** Any name without proof, on this machine only. */
export interface DevAuthConfig {
  readonly mode: 'dev';
  /** Users who sign in as admins. */
  readonly admins: ReadonlySet<UserId>;
}

/** Signed tokens. At least one of `secret` and `jwks` is there; each algorithm belongs to one of the two. */
export interface JwtAuthConfig {
  readonly mode: 'jwt';
  /** HS256. A key object, so that printing the configuration cannot show it. */
  readonly secret: KeyObject | undefined;
  /** RS256, ES256, EdDSA. */
  readonly jwks:
    | { readonly kind: 'url'; readonly url: URL }
    | { readonly kind: 'file'; readonly path: string }
    | undefined;
  /** Empty: a token must not name an audience. */
  readonly audience: readonly string[];
  /** Empty: not looked at. */
  readonly issuer: readonly string[];
  /** The audience is not looked at. */
  readonly anyAudience: boolean;
  /** How far the issuer's clock may be off. */
  readonly leewayMs: number;
  /** From now to the expiry of a token; undefined: any, and it need not expire. */
  readonly maxLifetimeMs: number | undefined;
}

/** HS256 wants a key at least as long as its hash (RFC 7518 §3.2). */
const MIN_SECRET_BYTES = 32;
/** Even 32 random hex digits have fewer than this many with a probability below one in ten million. */
const MIN_SECRET_SYMBOLS = 8;

export function devAuth(values: SettingValues, environment: Environment, problems: ConfigProblem[]): DevAuthConfig {
  const report = (message: string) => problems.push({ key: 'auth', message });
  if (values.auth === undefined) {
    report('auth is not set. Choose --auth jwt (signed tokens), or --auth dev to try Longwire on this machine');
    return Object.freeze({ mode: 'dev', admins: new Set<UserId>() });
  }
  if (!isLoopbackHost(values.host)) {
    report(
      `auth dev accepts any name without proof, so it works on this machine only, and host is ${values.host}. ` +
        'Use --host 127.0.0.1, or --auth jwt',
    );
  }
  if (environment['NODE_ENV'] === 'production') {
    report(
      'auth dev accepts any name without proof, and NODE_ENV is production. Use --auth jwt with --jwt-secret-file or --jwks',
    );
  }
  if (values.jwtSecret !== undefined || values.jwks !== undefined) {
    report(
      'Keys for tokens are given but auth is dev, which does not look at them. Use --auth jwt, or take the keys away',
    );
  }
  return Object.freeze({ mode: 'dev', admins: adminsOf(values, problems) });
}

function adminsOf({ devAdmins }: SettingValues, problems: ConfigProblem[]): ReadonlySet<UserId> {
  const admins = new Set<UserId>();
  for (const name of devAdmins) {
    const user = parseUserId(name);
    if (user !== undefined) admins.add(user);
    else problems.push({ key: 'devAdmins', message: `devAdmins has ${JSON.stringify(name)}, which is not a user id` });
  }
  return admins;
}

export function jwtAuth(
  values: SettingValues,
  surroundings: PathSurroundings,
  problems: ConfigProblem[],
): JwtAuthConfig {
  if (values.jwtSecret === undefined && values.jwks === undefined) {
    const message = 'auth jwt needs a key: --jwt-secret-file (HS256, at least 32 bytes) or --jwks (a URL or a file)';
    problems.push({ key: 'auth', message });
  }
  checkAudience(values, problems);
  if (values.devAdmins.length > 0) {
    const message = 'devAdmins is for auth dev. With auth jwt, the claim role of a token makes an admin: role: admin';
    problems.push({ key: 'devAdmins', message });
  }
  return Object.freeze({
    mode: 'jwt',
    secret: values.jwtSecret === undefined ? undefined : secretKeyOf(values.jwtSecret, problems),
    jwks: values.jwks === undefined ? undefined : jwksOf(values.jwks, surroundings, problems),
    audience: values.audience,
    issuer: values.issuer,
    anyAudience: values.anyAudience,
    leewayMs: values.jwtLeewayMs,
    maxLifetimeMs: values.maxTokenLifetimeMs === 0 ? undefined : values.maxTokenLifetimeMs,
  });
}

/** An issuer with a key set signs tokens for other services as well, and one of them may pass a token on. */
function checkAudience({ jwks, audience, anyAudience }: SettingValues, problems: ConfigProblem[]): void {
  if (jwks !== undefined && audience.length === 0 && !anyAudience) {
    const message =
      'jwks needs --audience, the name by which the issuer knows this server. ' +
      'Use --any-audience only if no other service gets tokens of that issuer';
    problems.push({ key: 'audience', message });
  }
  if (audience.length > 0 && anyAudience) {
    problems.push({ key: 'anyAudience', message: 'audience and anyAudience contradict each other. Keep one of them' });
  }
}

function secretKeyOf(secret: string, problems: ConfigProblem[]): KeyObject | undefined {
  const report = (message: string) => problems.push({ key: 'jwtSecret', message });
  // A shell or an editor put it there, and the issuer of the tokens does not have it: each token would fail its signature.
  if (/^\s|\s$/.test(secret)) {
    report(
      'jwtSecret begins or ends with white space or a byte order mark. Remove it, so that it is the secret of the issuer',
    );
    return undefined;
  }
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length < MIN_SECRET_BYTES) {
    report(
      `jwtSecret must have at least ${MIN_SECRET_BYTES} bytes and has ${bytes.length}. Make one: openssl rand -hex 32`,
    );
    return undefined;
  }
  // The length says nothing about `xxxx…`: what is left to guess is one character.
  if (new Set(bytes).size < MIN_SECRET_SYMBOLS) {
    report(
      `jwtSecret must have at least ${MIN_SECRET_SYMBOLS} different bytes, or it can be guessed. Make one: openssl rand -hex 32`,
    );
    return undefined;
  }
  // A public key taken as a shared secret is how "algorithm confusion" begins: it is public.
  if (/-----BEGIN |^\s*\{[\s\S]*"kty"/.test(secret)) {
    report('jwtSecret holds a PEM or JWK key, not a shared secret. Public keys go into --jwks');
    return undefined;
  }
  return createSecretKey(bytes);
}

function jwksOf(jwks: string, surroundings: PathSurroundings, problems: ConfigProblem[]): JwtAuthConfig['jwks'] {
  const report = (message: string) => problems.push({ key: 'jwks', message });
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(jwks)) {
    return Object.freeze({ kind: 'file', path: configPath(jwks, surroundings, report) });
  }
  const url = URL.canParse(jwks) ? new URL(jwks) : undefined;
  if (url === undefined) report('jwks is not a URL that can be read');
  else if (url.username !== '' || url.password !== '') report('jwks must not carry a user or password in its URL');
  else if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    report(
      'jwks must be https: an attacker who can change the keys in transit can sign in as any user (http on loopback only)',
    );
  } else if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    report(`jwks must be an https URL or the path of a file, not ${url.protocol}`);
  }
  return url === undefined ? undefined : Object.freeze({ kind: 'url', url });
}
