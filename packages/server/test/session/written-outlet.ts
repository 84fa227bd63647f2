import type { EncodedPush } from '../../src/delivery/encoded-push.js';
import { jsonCodec } from '../../src/delivery/json-codec.js';
import type { Outlet } from '../../src/session/outlet.js';

/** A transport that is written down instead of sent, and holds everything until the test writes it. */
export class WrittenOutlet implements Outlet {
  readonly codec = jsonCodec;
  bufferedBytes = 0;
  readonly log: string[] = [];
  #whenWritten: (() => void)[] = [];

  send(push: EncodedPush): void {
    this.log.push(push.payload as string);
    this.bufferedBytes += push.payload.length;
  }
  follow(): boolean {
    return false;
  }
  unfollow(): void {}
  whenWritten(callback: () => void): void {
    this.#whenWritten.push(callback);
  }
  pauseReading(): void {
    this.log.push('pause');
  }
  resumeReading(): void {
    this.log.push('resume');
  }
  close(code: number): void {
    this.log.push(`close ${code}`);
  }
  discard(code: number): void {
    this.bufferedBytes = 0;
    this.log.push(`discard ${code}`);
  }
  terminate(): void {
    this.log.push('terminate');
  }

  /** The operating system takes so much of it that `bytes` are left. */
  writeUntil(bytes: number): void {
    this.bufferedBytes = bytes;
    const callbacks = this.#whenWritten;
    this.#whenWritten = [];
    for (const callback of callbacks) callback();
  }
}
