// Runs bytes through the whole reading side without a socket and writes down what comes out.
import { Reader, type ReaderEvents } from '../../src/connection/reader.js';
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
  | { readonly error: string; readonly closeCode: number | undefined };

export class Reading {
  readonly heard: Heard[] = [];
  readonly reader: Reader<Reading>;
  readonly maxMessageBytes: number;
  inParts = false;
  holdsBack = false;

  constructor(role: Role, options: WebSocketOptions = {}, deflate?: PerMessageDeflate) {
    const resolved = resolveWebSocketOptions(options);
    this.maxMessageBytes = resolved.maxMessageBytes;
    this.reader = new Reader(this, events, role, resolved, deflate);
  }

  /** Pushes a copy: the reader unmasks in place. */
  push(...chunks: Uint8Array[]): this {
    for (const chunk of chunks) this.reader.push(Buffer.from(chunk));
    return this;
  }
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const events: ReaderEvents<Reading> = {
  wantsParts: (reading) => reading.inParts,
  maxMessageBytes: (reading) => reading.maxMessageBytes,
  onText: ({ heard }, text) => void heard.push({ text }),
  onBinary: ({ heard }, data) => void heard.push({ binary: hexOf(data) }),
  onTextPart: ({ heard }, part, isLast) => void heard.push({ part, isLast }),
  onBinaryPart: ({ heard }, part, isLast) => void heard.push({ part: hexOf(part), isLast }),
  onPing: ({ heard }, payload) => void heard.push({ ping: payload.toString() }),
  onPong: ({ heard }, payload) => void heard.push({ pong: payload.toString() }),
  onClose: ({ heard }, { code, reason }) => void heard.push({ close: code, reason }),
  onReadError: ({ heard }, { code, closeCode }) => void heard.push({ error: code, closeCode }),
  onHoldBack(reading, isHolding) {
    reading.holdsBack = isHolding;
  },
  // Nobody else is waiting.
  onTurnSpent: (_reading, reader) => reader.readOn(),
};
