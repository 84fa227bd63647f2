// Which hosts, addresses and origins are this machine and nothing else.

import { BlockList, isIPv4, isIPv6 } from 'node:net';

const loopbackAddresses = new BlockList();
loopbackAddresses.addSubnet('127.0.0.0', 8, 'ipv4');
loopbackAddresses.addAddress('::1', 'ipv6');

/** Whether a name or address to listen on, or to be called by, reaches this machine only. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  // RFC 6761 §6.3: `localhost` and what ends in it are loopback for every resolver that keeps to it.
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name);
}

/** Whether the address of a socket is loopback; IPv4 in IPv6 form (`::ffff:127.0.0.1`) counts as what it is. */
export function isLoopbackAddress(address: string): boolean {
  if (isIPv4(address)) return loopbackAddresses.check(address, 'ipv4');
  return isIPv6(address) && loopbackAddresses.check(address, 'ipv6');
}

/** Whether an `Origin` header names a page that this machine serves. `null` and what is no URL do not. */
export function isLoopbackOrigin(origin: string): boolean {
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false;
  return isLoopbackHost(url.hostname);
}
