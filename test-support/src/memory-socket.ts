// A socket without a network: the test decides when the peer reads, and sees each buffer that was written.
import { Duplex } from 'node:stream';

export class MemorySocket extends Duplex {
  /** What the peer has read, as the very buffers that were written. */
  readonly chunks: Buffer[] = [];
  #isStalled = false;
  #continue: (() => void) | undefined;

  constructor() {
    super({ allowHalfOpen: true });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** The peer stops reading: nothing that is written from here on is taken. */
  stall(): void {
    this.#isStalled = true;
  }

  /** The peer reads again, beginning with what has waited. */
  unstall(): void {
    this.#isStalled = false;
    const next = this.#continue;
    this.#continue = undefined;
    next?.();
  }

  /** The peer sends something. */
  receive(bytes: Uint8Array | string): void {
    if (!this.readableEnded && !this.destroyed) this.push(bytes);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    const take = (): void => {
      this.chunks.push(chunk);
      callback();
    };
    if (this.#isStalled) this.#continue = take;
    else take();
  }

  /** This side has ended: so does the peer. */
  override _final(callback: () => void): void {
    if (!this.readableEnded) this.push(null);
    callback();
  }
}
