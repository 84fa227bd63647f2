// Who is believed to be whom: on this machine anybody who says so, from elsewhere whoever comes with a signed link.
// The programs 2, 3 and 4 have the same file.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const tokenLifetimeMs = 24 * 60 * 60 * 1000;
/** Without a key in the environment, links end with the process. */
const key = process.env['LONGWIRE_LINK_KEY'] || randomBytes(32);

export interface Claim {
  readonly remoteAddress: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** From `?token=` or `Authorization: Bearer`. */
  readonly token?: string | null | undefined;
}

/** Proves for a day that whoever has it may be `user`. */
export function tokenFor(user: string, expiresAtMs = Date.now() + tokenLifetimeMs): string {
  return `${expiresAtMs}.${createHmac('sha256', key).update(`${expiresAtMs}.${user}`).digest('base64url')}`;
}

/** May whoever claims it be `user`? A token decides, whoever has it; the bare name counts on this machine only. */
export function mayBe(user: string, claim: Claim): boolean {
  if (typeof claim.token !== 'string') return isOnThisMachine(claim);
  const [expiresAtMs] = claim.token.split('.');
  const expected = Buffer.from(tokenFor(user, Number(expiresAtMs)));
  const given = Buffer.from(claim.token);
  // Equal length first: timingSafeEqual throws otherwise. The length is no secret.
  return given.length === expected.length && timingSafeEqual(given, expected) && Number(expiresAtMs) > Date.now();
}

const loopbackAddress = /^(?:::1|(?:::ffff:)?127\.\d+\.\d+\.\d+)$/;
const loopbackHost = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i;

/**
 * True for somebody at this machine. A request that a proxy forwarded is not; nor one for another host name, which a
 * page of anybody can point here (DNS rebinding); nor one that a page of another origin makes.
 */
export function isOnThisMachine({ remoteAddress = '', headers }: Claim): boolean {
  const { host = '', origin } = headers;
  const isForwarded = Object.keys(headers).some((name) => /^(?:forwarded|via|x-real-ip|x-forwarded-.*)$/.test(name));
  const isOwnPage = origin === undefined || origin === `http://${host}`;
  return loopbackAddress.test(remoteAddress) && loopbackHost.test(host) && !isForwarded && isOwnPage;
}
