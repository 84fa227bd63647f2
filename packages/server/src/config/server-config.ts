// The configuration of a server, complete, checked and frozen: what the floors above receive.

import { createSecretKey, type KeyObject } from 'node:crypto';
import { TrustedProxies } from '@longwire/endpoint';
import { isLoopbackHost, isLoopbackOrigin } from '@longwire/websocket';
import type { ConfigProblem } from '../errors.js';
import { configPath } from './config-path.js';
import type { Environment } from './environment.js';
import type { SettingKey, SettingValues } from './settings.js';

/** The settings whose keys begin with `Name` and a dot, by the rest of the key. */
type Section<Name extends string> = {
  readonly [Key in SettingKey as Key extends `${Name}.${infer Rest}` ? Rest : never]: SettingValues[Key];
};

/** Every bound by name; units are in the names, meanings in `settings.ts`. */
export type ServerLimits = Section<'limits'>;

export type SessionPolicy = Section<'sessions'>;

/** Any name without proof, on this machine only. */
export interface DevAuthConfig {
  readonly mode: 'dev';
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
  /** How far the issuer's clock may be off. */
  readonly leewayMs: number;
}

/** Where messages are kept: in a folder (absolute path), or in the memory of the process, which forgets them when it ends. */
export type DataLocation = { readonly kind: 'folder'; readonly path: string } | { readonly kind: 'memory' };

/** The value of `data` that keeps everything in memory. A folder of that name is `./memory:`. */
export const MEMORY_DATA = 'memory:';

export interface ServerConfig {
  readonly port: number;
  readonly host: string;
  readonly data: DataLocation;
  readonly auth: DevAuthConfig | JwtAuthConfig;
  /** Origins (`https://app.example.org`) that may connect beside the server's own. */
  readonly allowedOrigins: readonly string[];
  /** Peers whose word about the client behind them counts, in the terms of `EndpointContainer`. */
  readonly trustedProxies: readonly string[];
  readonly logLevel: SettingValues['logLevel'];
  readonly limits: ServerLimits;
  readonly sessions: SessionPolicy;
}

interface Surroundings {
  readonly environment: Environment;
  readonly workingDirectory: string;
}

/** HS256 wants a key at least as long as its hash (RFC 7518 §3.2). */
const MIN_SECRET_BYTES = 32;
/** Even 32 random hex digits have fewer than this many with a probability below one in ten million. */
const MIN_SECRET_SYMBOLS = 8;

/**
 * Builds the configuration from values that are each right by themselves, and checks what they are together.
 * `problems` gets what is wrong; the result is only to be used if it stays empty.
 */
export function buildServerConfig(
  values: SettingValues,
  surroundings: Surroundings,
  problems: ConfigProblem[],
): ServerConfig {
  const limits = sectionOf(values, 'limits');
  checkLimits(limits, problems);
  checkOrigins(values, problems);
  checkProxies(values, problems);
  return Object.freeze({
    port: values.port,
    host: values.host,
    data: dataLocation(values.data, surroundings, problems),
    auth:
      values.auth === 'jwt'
        ? jwtAuth(values, surroundings, problems)
        : devAuth(values, surroundings.environment, problems),
    allowedOrigins: Object.freeze(values.allowedOrigins.map((origin) => originOf(origin) ?? origin)),
    trustedProxies: values.trustedProxies,
    logLevel: values.logLevel,
    limits,
    sessions: sectionOf(values, 'sessions'),
  });
}

function dataLocation(data: string, surroundings: Surroundings, problems: ConfigProblem[]): DataLocation {
  if (data === MEMORY_DATA) return Object.freeze({ kind: 'memory' });
  const path = configPath(data, surroundings, (message) => problems.push({ key: 'data', message }));
  return Object.freeze({ kind: 'folder', path });
}

function devAuth(values: SettingValues, environment: Environment, problems: ConfigProblem[]): DevAuthConfig {
  const report = (message: string) => problems.push({ key: 'auth', message });
  if (values.auth === undefined) {
    report('auth is not set. Choose --auth jwt (signed tokens), or --auth dev to try Longwire on this machine');
    return Object.freeze({ mode: 'dev' });
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
  return Object.freeze({ mode: 'dev' });
}

function jwtAuth(values: SettingValues, surroundings: Surroundings, problems: ConfigProblem[]): JwtAuthConfig {
  if (values.jwtSecret === undefined && values.jwks === undefined) {
    const message = 'auth jwt needs a key: --jwt-secret-file (HS256, at least 32 bytes) or --jwks (a URL or a file)';
    problems.push({ key: 'auth', message });
  }
  return Object.freeze({
    mode: 'jwt',
    secret: values.jwtSecret === undefined ? undefined : secretKeyOf(values.jwtSecret, problems),
    jwks: values.jwks === undefined ? undefined : jwksOf(values.jwks, surroundings, problems),
    audience: values.audience,
    issuer: values.issuer,
    leewayMs: values.jwtLeewayMs,
  });
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

function jwksOf(jwks: string, surroundings: Surroundings, problems: ConfigProblem[]): JwtAuthConfig['jwks'] {
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

function checkOrigins(values: SettingValues, problems: ConfigProblem[]): void {
  for (const origin of values.allowedOrigins) {
    const report = (message: string) => problems.push({ key: 'allowedOrigins', message });
    if (originOf(origin) === undefined) {
      report(`allowedOrigins has ${JSON.stringify(origin)}, which is not an origin such as https://app.example.org`);
    } else if (values.auth === 'dev' && !isLoopbackOrigin(origin)) {
      report(`allowedOrigins has ${origin}, but auth dev serves pages of this machine only. Use --auth jwt`);
    }
  }
}

function checkProxies({ trustedProxies, auth }: SettingValues, problems: ConfigProblem[]): void {
  const report = (message: string) => problems.push({ key: 'trustedProxies', message });
  if (trustedProxies.length > 0 && auth === 'dev') {
    report('trustedProxies is set, but auth dev is not for use behind a proxy. Use --auth jwt');
  }
  for (const proxy of trustedProxies) {
    try {
      new TrustedProxies([proxy]);
    } catch {
      const expected = 'an address, a block such as 10.0.0.0/8, loopback or unix';
      report(`trustedProxies has ${JSON.stringify(proxy)}, which is not ${expected}`);
    }
  }
}

/** The origin in the spelling of browsers (lower case, no default port). Undefined if it is more or less than one. */
function originOf(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) return undefined;
  const hasMore = url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '';
  // `https://*.example.org` parses as a URL, but names no page.
  return hasMore || url.hostname.includes('*') ? undefined : url.origin;
}

function sectionOf<Name extends string>(values: SettingValues, name: Name): Section<Name> {
  const prefix = `${name}.`;
  const entries = Object.entries(values).filter(([key]) => key.startsWith(prefix));
  return Object.freeze(
    Object.fromEntries(entries.map(([key, value]) => [key.slice(prefix.length), value])),
  ) as Section<Name>;
}

function checkLimits(limits: ServerLimits, problems: ConfigProblem[]): void {
  const pairs = [
    ['bodyBytes', 'commandBytes'],
    ['outboxBytes', 'allOutboxesBytes'],
    ['bodyBytes', 'outboxBytes'],
    // A command counts with all its bytes: one larger than the burst would never be accepted.
    ['commandBytes', 'bodyBytesBurst'],
  ] as const;
  for (const [small, large] of pairs) {
    if (limits[small] < limits[large]) continue;
    const message = `limits.${small} (${limits[small]}) must be less than limits.${large} (${limits[large]})`;
    problems.push({ key: `limits.${small}`, message });
  }
}
