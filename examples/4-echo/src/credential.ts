// Decides whether a client may act as a user: on this machine a bare name is enough, from elsewhere a signed link is
// needed. The programs 2, 3 and 4 have the same file.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const tokenLifetimeMs = 24 * 60 * 60 * 1000;
/** Without a key in the environment, links become invalid when the process ends. */
const key = process.env['LONGWIRE_LINK_KEY'] || randomBytes(32);

export interface Claim {
  readonly remoteAddress: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** From `?token=` or `Authorization: Bearer`. */
  readonly token?: string | null | undefined;
}

/** A token whose bearer may act as `user`, by default for a day. */
export function tokenFor(user: string, expiresAtMs = Date.now() + tokenLifetimeMs): string {
  return `${expiresAtMs}.${createHmac('sha256', key).update(`${expiresAtMs}.${user}`).digest('base64url')}`;
}

/** Whether the client may act as `user`. If there is a token, it decides; a bare name is accepted on this machine only. */
export function mayActAs(user: string, claim: Claim): boolean {
  if (typeof claim.token !== 'string') return isOnThisMachine(claim);
  const [expiresAtMs] = claim.token.split('.');
  const expected = Buffer.from(tokenFor(user, Number(expiresAtMs)));
  const given = Buffer.from(claim.token);
  // timingSafeEqual throws unless the lengths are equal. The length is not secret.
  return given.length === expected.length && timingSafeEqual(given, expected) && Number(expiresAtMs) > Date.now();
}

const loopbackAddress = /^(?:::1|(?:::ffff:)?127\.\d+\.\d+\.\d+)$/;
const loopbackHost = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i;

/**
 * Whether the request comes from this machine. False for a request that a proxy forwarded, for another host name, which
 * any site can point to this machine (DNS rebinding), and for a page of another origin.
 */
export function isOnThisMachine({ remoteAddress = '', headers }: Claim): boolean {
  const { host = '', origin } = headers;
  const isForwarded = Object.keys(headers).some((name) => /^(?:forwarded|via|x-real-ip|x-forwarded-.*)$/.test(name));
  const isOwnPage = origin === undefined || origin === `http://${host}`;
  return loopbackAddress.test(remoteAddress) && loopbackHost.test(host) && !isForwarded && isOwnPage;
}
