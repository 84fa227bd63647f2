// The configuration of a server, complete, checked and frozen: what the floors above receive.

import { TrustedProxies } from '@longwire/endpoint';
import { type Feature, features, type SessionLimits } from '@longwire/protocol';
import { isLoopbackOrigin } from '@longwire/websocket';
import type { ConfigProblem } from '../errors.js';
import { type DevAuthConfig, devAuth, type JwtAuthConfig, jwtAuth } from './auth-config.js';
import { configPath, type PathSurroundings } from './config-path.js';
import type { SettingKey, SettingValues } from './settings.js';

/** The settings whose keys begin with `Name` and a dot, by the rest of the key. */
type Section<Name extends string> = {
  readonly [Key in SettingKey as Key extends `${Name}.${infer Rest}` ? Rest : never]: SettingValues[Key];
};

/** Every bound by name; units are in the names, meanings in `settings.ts`. */
export type ServerLimits = Section<'limits'>;

export type SessionPolicy = Section<'sessions'>;

export type PresenceSettings = Section<'presence'>;

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
  /** Absolute paths; undefined: without TLS. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** A proxy in front ends TLS. */
  readonly behindProxy: boolean;
  /** Peers whose word about the client behind them counts, in the terms of `EndpointContainer`. */
  readonly trustedProxies: readonly string[];
  readonly logLevel: SettingValues['logLevel'];
  readonly limits: ServerLimits;
  readonly sessions: SessionPolicy;
  readonly users: Section<'users'>;
  readonly groups: Section<'groups'>;
  readonly receipts: Section<'receipts'>;
  readonly presence: PresenceSettings;
}

/**
 * Builds the configuration from values that are each right by themselves, and checks what they are together.
 * `problems` gets what is wrong; the result is only to be used if it stays empty.
 */
export function buildServerConfig(
  values: SettingValues,
  surroundings: PathSurroundings,
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
    tls: tlsPaths(values, surroundings, problems),
    behindProxy: values.behindProxy,
    trustedProxies: values.trustedProxies,
    logLevel: values.logLevel,
    limits,
    sessions: sectionOf(values, 'sessions'),
    users: sectionOf(values, 'users'),
    groups: sectionOf(values, 'groups'),
    receipts: sectionOf(values, 'receipts'),
    presence: sectionOf(values, 'presence'),
  });
}

/** `problems` gets what is wrong, as in `buildServerConfig`. */
export function dataLocation(data: string, surroundings: PathSurroundings, problems: ConfigProblem[]): DataLocation {
  if (data === MEMORY_DATA) return Object.freeze({ kind: 'memory' });
  const path = configPath(data, surroundings, (message) => problems.push({ key: 'data', message }));
  return Object.freeze({ kind: 'folder', path });
}

function tlsPaths(
  { tlsCert, tlsKey }: SettingValues,
  surroundings: PathSurroundings,
  problems: ConfigProblem[],
): ServerConfig['tls'] {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    const [key, other] = tlsCert === undefined ? (['tlsKey', 'tlsCert'] as const) : (['tlsCert', 'tlsKey'] as const);
    problems.push({ key, message: `${key} is given without ${other}. TLS needs both files` });
    return undefined;
  }
  const pathOf = (path: string, key: 'tlsCert' | 'tlsKey') =>
    configPath(path, surroundings, (message) => problems.push({ key, message }));
  return Object.freeze({ cert: pathOf(tlsCert, 'tlsCert'), key: pathOf(tlsKey, 'tlsKey') });
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

/** The limits that a session is given in `connected`. */
export function sessionLimits(limits: ServerLimits): SessionLimits {
  const { bodyBytes, commandBytes, inFlight, keyWindow, watches } = limits;
  return { bodyBytes, commandBytes, inFlight, keyWindow, watches };
}

/** The features that a session is given in `connected`. */
export function sessionFeatures({ users }: Pick<ServerConfig, 'users'>): readonly Feature[] {
  return users.searchable ? features : features.filter((feature) => feature !== 'search');
}
