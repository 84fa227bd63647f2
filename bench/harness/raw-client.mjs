// A WebSocket client that costs as little as Node allows, so that the load generator is not what is measured:
// a bare socket, one read buffer for all, no checks of what a correct server sends.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { FrameScanner } from './frame-scanner.mjs';
import { maskedFrame } from './masked-frame.mjs';

const readBuffer = Buffer.allocUnsafe(256 * 1024);
const pongOpcode = 0xa;
const pingOpcode = 0x9;
const endOfHead = Buffer.from('\r\n\r\n');
/** 28 000 ports of one source address are not enough for all benchmarks. */
const connectionsPerAddress = 5_000;

/** @param {number} index of the connection in its process */
export function sourceAddress(index) {
  return `127.0.0.${2 + Math.floor(index / connectionsPerAddress)}`;
}

export class RawClient {
  #socket;
  #isUpgraded = false;
  #scanner;
  /** @type {() => void} */
  #onOpen = () => undefined;
  /** @type {(error: Error) => void} */
  #onFailed = () => undefined;

  /**
   * @param {object} options
   * @param {number} options.port
   * @param {number} options.index which source address it takes
   * @param {string} [options.path]
   * @param {string} [options.subprotocol]
   * @param {(opcode: number, bytes: Buffer, start: number, end: number) => void} options.onFrame the payload is valid during the call
   * @param {() => void} [options.onPing] a ping came; it is answered here
   * @param {() => void} [options.onChunkEnd] all frames of one read were handed over
   * @param {() => void} [options.onClose]
   */
  constructor({
    port,
    index,
    path = '/',
    subprotocol,
    onFrame,
    onPing = () => undefined,
    onChunkEnd = () => undefined,
    onClose = () => undefined,
  }) {
    this.#scanner = new FrameScanner((opcode, bytes, start, end) => {
      if (opcode === pingOpcode) {
        this.write(maskedFrame(pongOpcode, bytes.subarray(start, end)));
        onPing();
      } else {
        onFrame(opcode, bytes, start, end);
      }
    });
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      localAddress: sourceAddress(index),
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length, buffer) => {
          this.#read(/** @type {Buffer} */ (buffer), length);
          onChunkEnd();
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => this.#onFailed(error));
    this.#socket.on('close', () => {
      this.#onFailed(new Error('the server ended the connection during the handshake'));
      onClose();
    });
    this.#socket.write(handshake(port, path, subprotocol));
  }

  /** Resolves once the server has upgraded the connection. */
  opened() {
    return new Promise((resolve, reject) => {
      this.#onOpen = () => resolve(this);
      this.#onFailed = reject;
    });
  }

  /** @param {Buffer} frames */
  write(frames) {
    this.#socket.write(frames);
  }

  end() {
    this.#socket.end();
  }

  destroy() {
    this.#socket.destroy();
  }

  /**
   * @param {Buffer} buffer
   * @param {number} length
   */
  #read(buffer, length) {
    if (this.#isUpgraded) {
      this.#scanner.push(buffer, 0, length);
      return;
    }
    const end = buffer.subarray(0, length).indexOf(endOfHead);
    const status = buffer.toString('latin1', 9, 12);
    if (end < 0 || status !== '101') {
      this.#onFailed(new Error(`the server answered the handshake with ${status}`));
      this.destroy();
      return;
    }
    this.#isUpgraded = true;
    this.#onOpen();
    this.#scanner.push(buffer, end + endOfHead.length, length);
  }
}

/**
 * @param {number} port
 * @param {string} path
 * @param {string | undefined} subprotocol
 */
function handshake(port, path, subprotocol) {
  const offered = subprotocol === undefined ? '' : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`;
  const key = randomBytes(16).toString('base64');
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${offered}\r\n`
  );
}
