// Runs bytes through the whole reading side without a socket and writes down what comes out.

import type { ReaderEvents } from '../../src/connection/input/connection-reader.js';
import { ConnectionReader } from '../../src/connection/input/connection-reader.js';
import type { PerMessageDeflate } from '../../src/extension/permessage-deflate.js';
import type { Role } from '../../src/frame/opcode.js';
import { resolveWebSocketOptions, type WebSocketOptions } from '../../src/options.js';

export type Heard =
  | { readonly text: string }
  | { readonly binary: string }
  | { readonly part: string; readonly isLast: boolean }
  | { readonly ping: string }
  | { readonly pong: string }
  | { readonly close: number; readonly reason: string }
  | { readonly end: true }
  | { readonly error: string; readonly closeCode: number | undefined };

export class Reading {
  readonly heard: Heard[] = [];
  readonly reader: ConnectionReader<Reading>;
  readonly maxMessageBytes: number;
  inParts = false;
  holdsBack = false;
  interruptions = 0;
  usedShares = 0;
  /** Called after each event, as a handler is. */
  afterEach: (() => void) | undefined;

  constructor(role: Role, options: WebSocketOptions = {}, deflate?: PerMessageDeflate) {
    const resolved = resolveWebSocketOptions(options);
    this.maxMessageBytes = resolved.maxMessageBytes;
    this.reader = new ConnectionReader(this, events, role, resolved, deflate);
  }

  /** Pushes a copy: the reader unmasks in place. */
  push(...chunks: Uint8Array[]): this {
    for (const chunk of chunks) this.reader.push(Buffer.from(chunk));
    return this;
  }
}

function note(reading: Reading, heard: Heard): void {
  reading.heard.push(heard);
  reading.afterEach?.();
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const events: ReaderEvents<Reading> = {
  frameWatch: () => undefined,
  wantsParts: (reading) => reading.inParts,
  maxMessageBytes: (reading) => reading.maxMessageBytes,
  onText: (reading, text) => note(reading, { text }),
  onBinary: (reading, data) => note(reading, { binary: hexOf(data) }),
  onTextPart: (reading, part, isLast) => note(reading, { part, isLast }),
  onBinaryPart: (reading, part, isLast) => note(reading, { part: hexOf(part), isLast }),
  onPing: (reading, payload) => note(reading, { ping: payload.toString() }),
  onPong: (reading, payload) => note(reading, { pong: payload.toString() }),
  onClose: (reading, { code, reason }) => note(reading, { close: code, reason }),
  onReadError: (reading, { code, closeCode }) => note(reading, { error: code, closeCode }),
  onEnd: (reading) => note(reading, { end: true }),
  onHoldBack(reading, isHolding) {
    reading.holdsBack = isHolding;
  },
  // Nobody else is waiting.
  onTurnSpent(reading, reader) {
    reading.interruptions++;
    reader.readOn();
  },
  onShareUsed: (reading) => {
    reading.usedShares++;
  },
};
