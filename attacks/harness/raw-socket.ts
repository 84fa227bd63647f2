// A TCP peer that sends exactly the given bytes, and need not read.

import { connect, type Socket } from 'node:net';
import { until } from '@longwire/test-support/until';
import { type ReceivedFrame, readFrames } from './frame-reader.js';
import { textFrame } from './frame-writer.js';
import { upgradeRequest } from './handshake-text.js';
import { type HttpAnswer, readAnswer } from './http-answer.js';

export interface RawSocketOptions {
  /** Which loopback address it comes from. Default 127.0.0.1. */
  readonly localAddress?: string;
}

export interface RawUpgradeOptions extends RawSocketOptions {
  readonly path?: string;
  readonly lines?: readonly string[];
}

export class RawSocket {
  readonly socket: Socket;
  isConnected = false;
  /** The server ended its side, or the connection is gone. */
  hasEnded = false;
  isClosed = false;
  error: NodeJS.ErrnoException | undefined;
  /** All that ever came, answers of HTTP included. */
  receivedBytes = 0;
  #chunks: Buffer[] = [];

  constructor(port: number, options: RawSocketOptions = {}) {
    this.socket = connect({ port, host: '127.0.0.1', localAddress: options.localAddress, allowHalfOpen: true });
    this.socket.setNoDelay(true);
    this.socket.on('connect', () => {
      this.isConnected = true;
    });
    this.socket.on('data', (chunk) => {
      this.receivedBytes += chunk.length;
      this.#chunks.push(chunk);
    });
    this.socket.on('end', () => {
      this.hasEnded = true;
    });
    this.socket.on('close', () => {
      this.hasEnded = true;
      this.isClosed = true;
    });
    this.socket.on('error', (error) => {
      this.error = error;
    });
  }

  /** Connects and upgrades; `received` begins behind the answer. */
  static async upgrade(port: number, options: RawUpgradeOptions = {}): Promise<RawSocket> {
    const peer = new RawSocket(port, options);
    peer.send(upgradeRequest(port, { path: options.path, lines: options.lines }));
    const answer = await peer.answer();
    if (answer.status !== 101) {
      peer.destroy();
      throw new Error(`the upgrade was answered with ${answer.status}`);
    }
    return peer;
  }

  /** Upgrades and signs in to a gateway in auth dev; resolves once `connected` has come. */
  static async signIn(port: number, user: string, device?: string): Promise<RawSocket> {
    const peer = await RawSocket.upgrade(port);
    peer.send(textFrame(JSON.stringify({ id: 1, type: 'connect', token: `dev:${user}`, device })));
    await until(() => peer.frames.length > 0, 'connected');
    return peer;
  }

  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  send(bytes: string | Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  /** Sends and resolves when the operating system has taken it, or the connection is gone. */
  async sendFully(bytes: Uint8Array): Promise<void> {
    if (!this.socket.writable) return;
    await new Promise<void>((resolve) => {
      this.socket.once('close', resolve);
      this.socket.write(bytes, () => {
        this.socket.off('close', resolve);
        resolve();
      });
    });
  }

  /** The next answer of HTTP; what follows it stays in `received`. */
  async answer(withinMs?: number): Promise<HttpAnswer> {
    let answer: HttpAnswer | undefined;
    await until(
      () => {
        answer = readAnswer(this.received, this.hasEnded);
        return answer !== undefined || this.hasEnded;
      },
      'an answer of HTTP',
      withinMs,
    );
    if (answer === undefined) throw new Error(`no answer, only ${this.received.length} bytes and the end`);
    this.#chunks = [this.received.subarray(answer.byteLength)];
    return answer;
  }

  /** Frames that have come so far. */
  get frames(): readonly ReceivedFrame[] {
    return readFrames(this.received);
  }

  /** The Close frame, once it has come; 1006 if the connection ends without. */
  async closeCode(withinMs?: number): Promise<number> {
    let code: number | undefined;
    await until(
      () => {
        const close = this.frames.find((frame) => frame.opcode === 8);
        if (close !== undefined) code = close.payload.length < 2 ? 1005 : close.payload.readUInt16BE(0);
        else if (this.hasEnded) code = 1006;
        return code !== undefined;
      },
      'a Close frame, or the end',
      withinMs,
    );
    return code ?? 0;
  }

  /** Resolves with the milliseconds it took until the server ended TCP. */
  async ended(withinMs?: number): Promise<number> {
    const from = performance.now();
    await until(() => this.hasEnded, 'the end of TCP', withinMs);
    return performance.now() - from;
  }

  /** RST instead of FIN. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Ends our side only. */
  halfClose(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }
}
