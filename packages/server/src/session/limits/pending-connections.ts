// Connections that have not signed in, counted by address: one that opens many of them must not keep the others out.

import { isIPv6 } from 'node:net';

export interface PendingConnectionLimits {
  /** Over all addresses. */
  readonly maxWaiting: number;
  readonly maxWaitingPerAddress: number;
}

export class PendingConnections {
  readonly #options: PendingConnectionLimits;
  readonly #byNetwork = new Map<string, number>();
  #count = 0;

  constructor(options: PendingConnectionLimits) {
    this.#options = options;
  }

  hasRoomFor(address: string): boolean {
    const { maxWaiting, maxWaitingPerAddress } = this.#options;
    return this.#count < maxWaiting && (this.#byNetwork.get(networkOf(address)) ?? 0) < maxWaitingPerAddress;
  }

  add(address: string): void {
    const network = networkOf(address);
    this.#byNetwork.set(network, (this.#byNetwork.get(network) ?? 0) + 1);
    this.#count += 1;
  }

  /** Once for each `add`. */
  remove(address: string): void {
    const network = networkOf(address);
    const left = (this.#byNetwork.get(network) ?? 0) - 1;
    if (left > 0) this.#byNetwork.set(network, left);
    else this.#byNetwork.delete(network);
    this.#count -= 1;
  }
}

/** What is counted as one: an IPv4 address, or the first 64 bits of an IPv6 address; one subscriber has all addresses below. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  while (tail !== undefined && groups.length + tailGroups.length < 8) groups.push('0');
  return [...groups, ...tailGroups].slice(0, 4).join(':');
}
