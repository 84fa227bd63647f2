// Input of one connection: bytes to frames to messages. While an inflater works, control frames pass and data frames wait.
import { WebSocketError } from '../../errors.js';
import type { PerMessageDeflate } from '../../extension/permessage-deflate.js';
import { FrameDecoder, type FrameSink } from '../../frame/frame-decoder.js';
import { FrameTap } from '../../frame/frame-tap.js';
import { type ControlOpcode, type DataOpcode, Opcode, type Role } from '../../frame/opcode.js';
import { MessageAssembler, type MessageKind, type MessageSink } from '../../message/assembler.js';
import { type ClosePayload, decodeClosePayload } from '../../message/close-payload.js';
import type { ResolvedWebSocketOptions } from '../../options.js';
import type { FrameWatch } from '../frame-watch.js';
import { monotonicMs } from '../lifecycle/timer-wheel.js';

/** What one connection may cost before the others get their turn, in bytes and what is counted as bytes. */
const TURN_BYTES = 131_072;
/** A connection that has used this much begins the next turn with a whole share; less is not worth a task at the end of a turn. */
const RENEWED_BYTES = TURN_BYTES / 8;
/** An empty frame costs time as well: about as much as looking at this many bytes. */
const FRAME_COST_BYTES = 32;
/** A message costs its handler more than that. */
const MESSAGE_COST_BYTES = 256;
const HOLD_BACK_AT_BYTES = 65_536;
const PING_WINDOW_MS = 1000;

/** One object for all readers of a kind; each call names its owner. */
export interface ReaderEvents<Owner> {
  /** What reports single frames, if the owner wants them. */
  frameWatch(owner: Owner): FrameWatch | undefined;
  wantsParts(owner: Owner, kind: MessageKind): boolean;
  maxMessageBytes(owner: Owner, kind: MessageKind): number;
  onText(owner: Owner, text: string): void;
  onBinary(owner: Owner, data: Buffer): void;
  onTextPart(owner: Owner, part: string, isLast: boolean): void;
  onBinaryPart(owner: Owner, part: Buffer, isLast: boolean): void;
  onPing(owner: Owner, payload: Buffer): void;
  onPong(owner: Owner, payload: Buffer): void;
  onClose(owner: Owner, payload: ClosePayload): void;
  /** TCP has ended, and everything received before has been delivered. */
  onEnd(owner: Owner): void;
  /** The peer broke a rule or a limit. Nothing follows. */
  onReadError(owner: Owner, error: WebSocketError): void;
  /** An inflater is busy, or other connections come first: stop reading from the socket, or start again. */
  onHoldBack(owner: Owner, isHolding: boolean): void;
  /** The share of this turn is used up: nothing more is read until `reader.readOn()` is called, in the next one. */
  onTurnSpent(owner: Owner, reader: ConnectionReader<Owner>): void;
  /** A part of the share is used up: `reader.renewShare()` is called at the end of this turn. */
  onShareUsed(owner: Owner, reader: ConnectionReader<Owner>): void;
}

export class ConnectionReader<Owner> implements FrameSink, MessageSink {
  readonly #owner: Owner;
  readonly #events: ReaderEvents<Owner>;
  readonly #decoder: FrameDecoder;
  readonly #assembler: MessageAssembler;
  readonly #maxPingsPerSecond: number;
  #held: HeldInput | undefined;
  #isHoldingBack = false;
  #isInflaterBehind = false;
  #isGoingOn = false;
  /** By the owner. */
  #isSuspended = false;
  #isInterrupted = false;
  #isEndDue = false;
  #spentBytes = 0;
  #pings = 0;
  #pingWindowMs = Number.NEGATIVE_INFINITY;

  constructor(
    owner: Owner,
    events: ReaderEvents<Owner>,
    role: Role,
    options: ResolvedWebSocketOptions,
    deflate: PerMessageDeflate | undefined,
  ) {
    this.#owner = owner;
    this.#events = events;
    this.#maxPingsPerSecond = options.maxPingsPerSecond;
    const watch = events.frameWatch(owner);
    const tap = watch === undefined ? undefined : new FrameTap('in', watch, this);
    this.#decoder = new FrameDecoder(role, tap ?? this, deflate !== undefined);
    if (tap !== undefined) tap.decoder = this.#decoder;
    const takeInflater = deflate === undefined ? undefined : deflate.takeInflater.bind(deflate);
    this.#assembler = new MessageAssembler(this, takeInflater);
  }

  push(chunk: Buffer): void {
    this.#decoder.push(chunk);
  }

  /** No byte follows. Calls `onEnd` once all bytes received so far have been processed, which may be later. */
  end(): void {
    this.#isEndDue = true;
    this.#noteEnd();
  }

  /** Emits no more events until `resume`, not even for bytes already pushed or a message that is half inflated. */
  suspend(): void {
    this.#isSuspended = true;
    this.#stopReading();
  }

  resume(): void {
    this.#isSuspended = false;
    this.#goOn();
  }

  /** The other connections have had their turn: continues where it was interrupted. */
  readOn(): void {
    this.#isInterrupted = false;
    this.#goOn();
    // It may have been interrupted again.
    this.#noteHoldBack();
  }

  /** A new turn begins. */
  renewShare(): void {
    if (this.#spentBytes > 0) this.#spentBytes = 0;
  }

  stop(): void {
    this.#decoder.stop();
    this.#assembler.stop();
    this.#held = undefined;
    this.#isEndDue = false;
    // Never interrupted again.
    this.#spentBytes = Number.NEGATIVE_INFINITY;
  }

  onDataFrame(opcode: DataOpcode, isFinal: boolean, isCompressed: boolean, payloadBytes: number): void {
    this.#spend(FRAME_COST_BYTES);
    if (this.#held !== undefined) this.#held.push({ opcode, isFinal, isCompressed, payloadBytes });
    else this.#assembler.beginFrame(opcode, isFinal, isCompressed, payloadBytes);
  }

  onDataPayload(piece: Buffer): void {
    if (this.#held !== undefined) {
      this.#held.push(piece);
      this.#isInflaterBehind ||= this.#held.byteLength >= HOLD_BACK_AT_BYTES;
      this.#noteHoldBack();
      return;
    }
    this.#assembler.push(piece);
    if (this.#assembler.isBusy) this.#held = new HeldInput();
  }

  onDataFrameEnd(): void {
    if (this.#held !== undefined) {
      this.#held.push('frame-end');
      return;
    }
    this.#assembler.endFrame();
    if (this.#assembler.isBusy) this.#held = new HeldInput();
  }

  onControlFrame(opcode: ControlOpcode, payload: Buffer): void {
    this.#spend(FRAME_COST_BYTES + payload.length);
    if (opcode === Opcode.ping) {
      this.#onPing(payload);
      return;
    }
    if (opcode === Opcode.pong) {
      this.#events.onPong(this.#owner, payload);
      return;
    }
    // RFC 6455 §1.4: what follows a Close frame is discarded.
    this.#decoder.stop();
    const close = decodeClosePayload(payload);
    if (close instanceof WebSocketError) {
      this.#fail(close);
      return;
    }
    if (this.#held === undefined) this.#events.onClose(this.#owner, close);
    else this.#held.push(close);
  }

  onFrameError(error: WebSocketError): void {
    this.#fail(error);
  }

  wantsParts(kind: MessageKind): boolean {
    return this.#events.wantsParts(this.#owner, kind);
  }

  maxMessageBytes(kind: MessageKind): number {
    return this.#events.maxMessageBytes(this.#owner, kind);
  }

  onText(text: string): void {
    this.#events.onText(this.#owner, text);
    this.#spend(MESSAGE_COST_BYTES + text.length);
  }

  onBinary(data: Buffer): void {
    this.#events.onBinary(this.#owner, data);
    this.#spend(MESSAGE_COST_BYTES + data.length);
  }

  onTextPart(part: string, isLast: boolean): void {
    this.#events.onTextPart(this.#owner, part, isLast);
    this.#spend(part.length);
  }

  onBinaryPart(part: Buffer, isLast: boolean): void {
    this.#events.onBinaryPart(this.#owner, part, isLast);
    this.#spend(part.length);
  }

  onMessageError(error: WebSocketError): void {
    this.#fail(error);
  }

  onAssemblerReady(): void {
    this.#goOn();
  }

  get #mustWait(): boolean {
    return this.#isSuspended || this.#isInterrupted;
  }

  #stopReading(): void {
    this.#decoder.suspend();
    this.#assembler.suspend();
  }

  /** Continues with what waits, in order: the rest of the inflated output, the frames behind it, the bytes not decoded yet. */
  #goOn(): void {
    if (this.#mustWait) return;
    if (this.#isGoingOn) {
      // A handler suspended and resumed this reader: the call further up the stack continues.
      this.#assembler.resume();
      return;
    }
    this.#isGoingOn = true;
    // Each of the three may suspend, interrupt or resume this reader again.
    do {
      this.#assembler.resume();
      if (!this.#mustWait) this.#replayHeld();
      if (!this.#mustWait) this.#decoder.resume();
    } while (this.#decoder.isSuspended && !this.#mustWait);
    this.#isGoingOn = false;
    this.#noteEnd();
  }

  /** The inflater is done: continues with what arrived meanwhile, until it is busy again. */
  #replayHeld(): void {
    const held = this.#held;
    if (held === undefined) return;
    while (!held.isEmpty && this.#held === held && !this.#assembler.isBusy && !this.#mustWait) {
      held.replayOne(this.#assembler, (payload) => this.#events.onClose(this.#owner, payload));
    }
    if (this.#held !== held || !held.isEmpty || this.#assembler.isBusy) return;
    this.#held = undefined;
    this.#isInflaterBehind = false;
    this.#noteHoldBack();
  }

  #noteEnd(): void {
    if (!this.#isEndDue || this.#held !== undefined || this.#decoder.hasUnread) return;
    this.#isEndDue = false;
    this.#events.onEnd(this.#owner);
  }

  #noteHoldBack(): void {
    const isHoldingBack = this.#isInflaterBehind || this.#isInterrupted;
    if (isHoldingBack === this.#isHoldingBack) return;
    this.#isHoldingBack = isHoldingBack;
    this.#events.onHoldBack(this.#owner, isHoldingBack);
  }

  /** Counts what the peer costs: frames by number, messages by inflated size. */
  #spend(bytes: number): void {
    const before = this.#spentBytes;
    this.#spentBytes = before + bytes;
    if (before < RENEWED_BYTES && this.#spentBytes >= RENEWED_BYTES) this.#events.onShareUsed(this.#owner, this);
    if (this.#spentBytes < TURN_BYTES || this.#isInterrupted) return;
    this.#spentBytes = 0;
    this.#isInterrupted = true;
    this.#stopReading();
    this.#noteHoldBack();
    this.#events.onTurnSpent(this.#owner, this);
  }

  #onPing(payload: Buffer): void {
    const nowMs = monotonicMs();
    if (nowMs - this.#pingWindowMs >= PING_WINDOW_MS) {
      this.#pingWindowMs = nowMs;
      this.#pings = 0;
    }
    this.#pings++;
    if (this.#pings >= this.#maxPingsPerSecond) {
      this.#fail(new WebSocketError('too_many_pings', `${this.#pings} pings within one second (maxPingsPerSecond)`));
      return;
    }
    this.#events.onPing(this.#owner, payload);
  }

  #fail(error: WebSocketError): void {
    this.stop();
    this.#events.onReadError(this.#owner, error);
  }
}

/** Frame headers, pieces of their payloads, ends of frames, and the Close frame. */
type Held = HeldFrame | Buffer | 'frame-end' | ClosePayload;

interface HeldFrame {
  readonly opcode: DataOpcode;
  readonly isFinal: boolean;
  readonly isCompressed: boolean;
  readonly payloadBytes: number;
}

/** What arrived while an inflater was at work, in order. */
class HeldInput {
  readonly #items: Held[] = [];
  #next = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#next === this.#items.length;
  }

  /** Of payload. */
  get byteLength(): number {
    return this.#bytes;
  }

  push(item: Held): void {
    this.#items.push(item);
    if (isPiece(item)) this.#bytes += item.length;
  }

  /** Passes the next item on; there must be one. */
  replayOne(assembler: MessageAssembler, onClose: (payload: ClosePayload) => void): void {
    const item = this.#items[this.#next++]!;
    if (item === 'frame-end') {
      assembler.endFrame();
    } else if (isPiece(item)) {
      this.#bytes -= item.length;
      assembler.push(item);
    } else if ('code' in item) {
      onClose(item);
    } else {
      assembler.beginFrame(item.opcode, item.isFinal, item.isCompressed, item.payloadBytes);
    }
  }
}

function isPiece(item: Held): item is Buffer {
  return typeof item === 'object' && 'byteLength' in item;
}
