// What proxies say about the client behind them: `Forwarded` (RFC 7239) and the X-Forwarded-* headers before it.
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** What one proxy said of the request it received. Undefined: it said nothing, or nothing readable. */
export interface ForwardedHop {
  /** Address from which the request was sent to that proxy. */
  readonly address: string | undefined;
  readonly scheme: string | undefined;
  readonly host: string | undefined;
}

/**
 * The hops that `Forwarded` names, in the order of the header: the client's first, that of the nearest proxy last. None
 * when it breaks its grammar; undefined when there is none.
 */
export function hopsOfForwarded({ forwarded }: IncomingHttpHeaders): readonly ForwardedHop[] | undefined {
  return forwarded === undefined ? undefined : (parseForwarded(forwarded) ?? []);
}

/**
 * The hops that `X-Forwarded-For`, `-Proto` and `-Host` name, likewise; undefined when there is none of them.
 *
 * Each proxy adds to the right, but many set a single scheme or host for the whole way: a list that is shorter than
 * that of the addresses goes with them from the right, its leftmost value with all that are left.
 */
export function hopsOfXForwarded(headers: IncomingHttpHeaders): readonly ForwardedHop[] | undefined {
  const addresses = listOf(headers['x-forwarded-for']);
  const schemes = listOf(headers['x-forwarded-proto']);
  const hosts = listOf(headers['x-forwarded-host']);
  if (addresses.length === 0 && schemes.length === 0 && hosts.length === 0) return undefined;
  const count = Math.max(1, addresses.length);
  return Array.from({ length: count }, (_, index) => {
    const fromRight = count - index;
    return {
      address: addressOf(addresses[index] ?? ''),
      scheme: schemes[Math.max(0, schemes.length - fromRight)]?.toLowerCase(),
      host: hosts[Math.max(0, hosts.length - fromRight)],
    };
  });
}

function listOf(header: string | string[] | undefined): string[] {
  if (header === undefined) return [];
  return String(header)
    .split(',')
    .map((item) => item.trim());
}

// RFC 7239 §4: `for=192.0.2.43;proto=https, for="[2001:db8::1]:4711"`. Sticky: each match begins where the last one ended,
// and no two parts of it can match the same character, so that time is linear.
const PAIR = /[\t ]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:([!#$%&'*+.^_`|~0-9A-Za-z:[\]-]+)|"((?:[^"\\]|\\.)*)")[\t ]*/y;

function parseForwarded(header: string): ForwardedHop[] | undefined {
  const hops: ForwardedHop[] = [];
  let pairs = new Map<string, string>();
  let at = 0;
  for (;;) {
    PAIR.lastIndex = at;
    const match = PAIR.exec(header);
    if (match === null) return undefined;
    at = PAIR.lastIndex;
    const name = match[1]!.toLowerCase();
    // RFC 7239 §4: a parameter stands at most once in an element.
    if (pairs.has(name)) return undefined;
    pairs.set(name, match[2] ?? match[3]!.replace(/\\(.)/g, '$1'));
    const separator = header[at++];
    if (separator === ';') continue;
    hops.push({
      address: addressOf(pairs.get('for') ?? ''),
      scheme: pairs.get('proto')?.toLowerCase(),
      host: pairs.get('host'),
    });
    if (separator === undefined) return hops;
    if (separator !== ',') return undefined;
    pairs = new Map();
  }
}

/** The address of `192.0.2.43`, `192.0.2.43:4711`, `[2001:db8::1]`, `[2001:db8::1]:4711`, `2001:db8::1`; not of names. */
function addressOf(node: string): string | undefined {
  if (isIP(node) !== 0) return node;
  const match = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::[0-9]{1,5})?$/i.exec(node);
  const address = match?.[1] ?? match?.[2] ?? '';
  return isIP(address) === 0 ? undefined : address;
}
