// Which hosts, addresses and origins belong to this machine only.
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { parseOrigin } from './origin.js';

const loopbackAddresses = new BlockList();
loopbackAddresses.addSubnet('127.0.0.0', 8, 'ipv4');
loopbackAddresses.addAddress('::1', 'ipv6');

/** Whether a host name or address, to listen on or from a Host header without its port, is loopback. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  // RFC 6761 §6.3: resolvers and browsers keep `localhost` and all names below it to the loopback interface.
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name);
}

/** Whether the address of a socket is loopback, also an IPv4 address in IPv6 form (`::ffff:127.0.0.1`). */
export function isLoopbackAddress(address: string): boolean {
  if (isIPv4(address)) return loopbackAddresses.check(address, 'ipv4');
  return isIPv6(address) && loopbackAddresses.check(address, 'ipv6');
}

/** Whether an Origin header names a page of this machine. For development only: any local page may then connect. */
export function isLoopbackOrigin(origin: string | undefined): boolean {
  const page = origin === undefined ? undefined : parseOrigin(origin);
  if (page === undefined || (page.scheme !== 'http' && page.scheme !== 'https')) return false;
  return isLoopbackHost(page.hostname);
}
