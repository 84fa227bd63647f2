// TCP connections on which no request has come yet, over all addresses: they cost a descriptor each and may want nothing.

/** A TCP connection as seen from here: no two that are open have the same. */
export interface TcpPeer {
  readonly address: string;
  readonly port: number;
}

export class SilentConnections {
  readonly #max: number;
  /** How to close them, in the order in which they came. */
  readonly #closeByPeer = new Map<string, () => void>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes a new one; beyond the bound the longest silent one is closed for it, and true is returned. */
  add(peer: TcpPeer, close: () => void): boolean {
    this.#closeByPeer.set(nameOf(peer), close);
    if (this.#closeByPeer.size <= this.#max) return false;
    for (const [name, closeLongestSilent] of this.#closeByPeer) {
      this.#closeByPeer.delete(name);
      closeLongestSilent();
      break;
    }
    return true;
  }

  /** A request has come, or the connection is gone. */
  remove(peer: TcpPeer): void {
    this.#closeByPeer.delete(nameOf(peer));
  }
}

function nameOf({ address, port }: TcpPeer): string {
  return `${address} ${port}`;
}
