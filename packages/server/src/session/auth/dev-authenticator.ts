// `auth: dev`: any user id without proof, for callers on this machine.

import { parseUserId } from '@longwire/protocol';
import { isLoopbackAddress, isLoopbackHost, isLoopbackOrigin } from '@longwire/websocket';
import type { Authentication, Authenticator, Caller } from './authenticator.js';

export class DevAuthenticator implements Authenticator {
  readonly #admins: ReadonlySet<string>;
  readonly description = 'dev (any name without proof, this machine only, never behind a proxy)';

  /** @param admins  users with the role admin */
  constructor(admins: ReadonlySet<string>) {
    this.#admins = admins;
  }

  async authenticate(token: string): Promise<Authentication> {
    const user = token.startsWith('dev:') ? parseUserId(token.slice('dev:'.length)) : undefined;
    if (user === undefined) {
      return refuse(tokenMessage(token));
    }
    const role = this.#admins.has(user) ? 'admin' : undefined;
    const endless = { expiresAt: undefined, validUntil: undefined };
    return { ok: true, user, profile: undefined, ignoredClaims: [], role, ...endless };
  }

  // A loopback address alone proves nothing: pages from anywhere run in a browser of this machine (Origin), may point a
  // name of theirs at 127.0.0.1 (Host), and a proxy or tunnel connects from loopback for others. One that says nothing of
  // it cannot be distinguished from curl, so the banner and the page warn of proxies.
  refuseCaller({ headers, remoteAddress }: Caller): string | undefined {
    if (remoteAddress === undefined || !isLoopbackAddress(remoteAddress)) {
      return 'This server runs with auth dev, which answers its own machine only';
    }
    const forwarded = Object.keys(headers).find(isOfProxy);
    if (forwarded !== undefined) {
      return `This server runs with auth dev, which is not for use behind a proxy (the request has ${forwarded}). Use --auth jwt`;
    }
    const { origin, host } = headers;
    if (origin !== undefined && (typeof origin !== 'string' || !isLoopbackOrigin(origin))) {
      return 'This server runs with auth dev, which answers pages of this machine only';
    }
    if (typeof host === 'string' && !isLoopbackHost(hostnameOf(host))) {
      return 'This server runs with auth dev, which answers to localhost and loopback addresses only';
    }
    return undefined;
  }
}

/**
 * Headers that say for whom a request is made, or through whom it came: those of RFC 7239 and RFC 9110 §7.6.3, of nginx,
 * HAProxy, Envoy and Apache as they are usually configured, and of the large services. No browser, CLI or SDK sends one.
 */
const proxyHeaders: ReadonlySet<string> = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-original-forwarded-for',
  'x-original-host',
  'x-envoy-external-address',
  'x-envoy-original-path',
  'x-appengine-user-ip',
  'x-azure-clientip',
  'x-azure-socketip',
  'x-amzn-trace-id',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'cf-ray',
  'cdn-loop',
  'true-client-ip',
  'fastly-client-ip',
  'fly-client-ip',
  'do-connecting-ip',
  'x-vercel-forwarded-for',
  'tailscale-user-login',
]);

function isOfProxy(header: string): boolean {
  return proxyHeaders.has(header) || header.startsWith('x-forwarded') || header.startsWith('x-proxy');
}

/** `[::1]:8080` → `[::1]`, `localhost:8080` → `localhost`. */
function hostnameOf(host: string): string {
  return host.replace(/:\d*$/, '');
}

function tokenMessage(token: string): string {
  if (token.startsWith('dev:') && token.normalize('NFC') !== token) {
    return 'The user id in the token must be in Unicode normalization form C (NFC)';
  }
  return 'With auth dev the token is dev:<user>, where <user> has 1-128 bytes without white space or "/"';
}

function refuse(message: string): Authentication {
  return { ok: false, code: 'unauthenticated', message };
}
