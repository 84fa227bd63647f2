// Whose word counts about the client behind it: the proxies that the container's options name.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { EndpointError } from '../errors.js';
import { type ForwardedHop, hopsOfForwarded, hopsOfXForwarded } from './forwarded.js';

/** Where a request comes from, as far as it can be believed. */
export interface ClientOrigin {
  readonly remoteAddress: string;
  readonly secure: boolean;
  /** Host and port that the client asked for. */
  readonly host: string | undefined;
}

/** The proxies whose word counts, as `trustedProxies` of a container names them. */
export class TrustedProxies {
  readonly #addresses = new BlockList();
  readonly #trustsUnixSockets: boolean;
  readonly #isEmpty: boolean;

  /** @throws EndpointError invalid_option for what is neither an address, a block of them, `loopback` nor `unix` */
  constructor(trusted: readonly string[]) {
    this.#isEmpty = trusted.length === 0;
    this.#trustsUnixSockets = trusted.includes('unix');
    for (const entry of trusted) {
      if (entry === 'loopback') {
        this.#addresses.addSubnet('127.0.0.0', 8, 'ipv4');
        this.#addresses.addAddress('::1', 'ipv6');
      } else if (entry !== 'unix') {
        this.#addBlock(entry);
      }
    }
  }

  /**
   * Where a request comes from according to the trusted proxies; undefined if there is nothing to believe but the
   * connection itself. A proxy that writes one kind of headers often passes on the other as it came from the client: if a
   * request has both and they do not mean the same, neither is believed.
   */
  clientOf({ socket, headers }: IncomingMessage): ClientOrigin | undefined {
    if (this.#isEmpty) return undefined;
    const peer: ClientOrigin = {
      remoteAddress: socket.remoteAddress ?? '',
      secure: isEncrypted(socket),
      host: headers.host,
    };
    if (!this.trusts(peer.remoteAddress)) return undefined;
    const standard = this.#follow(hopsOfForwarded(headers), peer);
    const older = this.#follow(hopsOfXForwarded(headers), peer);
    if (standard === undefined || older === undefined) return standard ?? older;
    const isSame =
      standard.remoteAddress === older.remoteAddress &&
      standard.secure === older.secure &&
      standard.host === older.host;
    return isSame ? standard : undefined;
  }

  /** Whether the peer at this address is one of them; '' is one that connects through a Unix socket. */
  trusts(address: string): boolean {
    if (address === '') return this.#trustsUnixSockets;
    // A link-local address may carry the interface it was seen on.
    const [bare = ''] = address.split('%');
    return this.#addresses.check(bare, isIP(bare) === 6 ? 'ipv6' : 'ipv4');
  }

  /** From the nearest proxy on, as long as each is trusted: the first address that is not, is the client's. */
  #follow(hops: readonly ForwardedHop[] | undefined, peer: ClientOrigin): ClientOrigin | undefined {
    if (hops === undefined) return undefined;
    let { remoteAddress, secure, host } = peer;
    for (const hop of [...hops].reverse()) {
      if (hop.scheme !== undefined) secure = hop.scheme === 'https' || hop.scheme === 'wss';
      host = hop.host ?? host;
      // `unknown`, or a name the proxy made up (RFC 7239 §6.2, §6.3): what is behind it is unknown.
      if (hop.address === undefined) break;
      remoteAddress = hop.address;
      if (!this.trusts(remoteAddress)) break;
    }
    return { remoteAddress, secure, host };
  }

  #addBlock(entry: string): void {
    const [address = '', prefix, ...more] = String(entry).split('/');
    const family = isIP(address);
    const maxBits = family === 6 ? 128 : 32;
    const bits = prefix === undefined ? maxBits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (family === 0 || more.length > 0 || bits < 0 || bits > maxBits) {
      throw new EndpointError(
        'invalid_option',
        `the container: trustedProxies has ${JSON.stringify(entry)}; expected an address, a block such as "10.0.0.0/8", "loopback" or "unix"`,
      );
    }
    this.#addresses.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** True for a TLS connection. */
export function isEncrypted(socket: Socket | undefined): boolean {
  return (socket as Partial<TLSSocket> | undefined)?.encrypted === true;
}
