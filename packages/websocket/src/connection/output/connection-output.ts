// Encodes the messages and control frames of one connection and queues them: compression, order, the limit of the queue.
import type { Duplex } from 'node:stream';
import type { PerMessageDeflate } from '../../extension/permessage-deflate.js';
import { encodeFrame, encodeHeader, encodeTextFrame, firstByte, isCopiedWhenSent } from '../../frame/frame-encoder.js';
import { type ControlOpcode, Opcode, type Role } from '../../frame/opcode.js';
import type { MessageKind } from '../../message/assembler.js';
import { assertBytes, assertText, wrongType } from '../../message/payload-type.js';
import type { PreparedMessage } from '../../message/prepared-message.js';
import type { ResolvedWebSocketOptions } from '../../options.js';
import { type FrameWatch, OutgoingFrames } from '../frame-watch.js';
import { type FragmentTarget, FragmentWriter } from './fragment-writer.js';
import { SendOrder, type StreamedMessage } from './send-order.js';
import { SocketWriter, type SocketWriterEvents } from './socket-writer.js';
import type { TurnBuffer } from './turn-buffer.js';
import { whenWritten } from './write-waiters.js';

export interface MessageOptions {
  /** False: this message is not compressed even if compression was negotiated. Default true. */
  readonly compress?: boolean;
}

/** One object for all outputs of a kind; each call names its owner. */
export interface OutputEvents<Owner> extends SocketWriterEvents<Owner> {
  /** What reports single frames, if the owner wants them. */
  frameWatch(owner: Owner): FrameWatch | undefined;
  /** More than maxBufferedBytes wait. */
  onOverflow(owner: Owner): void;
  /** Milliseconds of the clock that the check for slow readers uses. */
  now(): number;
}

export class ConnectionOutput<Owner> implements FragmentTarget {
  readonly writer: SocketWriter<Owner>;
  readonly #owner: Owner;
  readonly #events: OutputEvents<Owner>;
  readonly #role: Role;
  readonly #maxBufferedBytes: number;
  readonly #deflate: PerMessageDeflate | undefined;
  #order: SendOrder | undefined;
  #isOpen = true;

  constructor(
    owner: Owner,
    events: OutputEvents<Owner>,
    role: Role,
    socket: Duplex,
    options: ResolvedWebSocketOptions,
    deflate: PerMessageDeflate | undefined,
  ) {
    const watch = events.frameWatch(owner);
    const seen = watch === undefined ? undefined : new OutgoingFrames(role, watch);
    this.writer = new SocketWriter(owner, events, socket, options, seen);
    this.#owner = owner;
    this.#events = events;
    this.#role = role;
    this.#maxBufferedBytes = options.maxBufferedBytes;
    this.#deflate = deflate;
  }

  get bufferedBytes(): number {
    return this.writer.bufferedBytes + (this.#order?.waitingBytes ?? 0);
  }

  /** @throws WebSocketError `invalid_payload`, with nothing queued; so do the next two methods */
  sendText(text: string, mayCompress: boolean): boolean {
    assertText(text);
    const deflate = this.#deflate;
    if (deflate !== undefined && mayCompress && deflate.isTextWorthCompressing(text)) {
      return this.#pushMessage(this.#compressed(deflate, Opcode.text, Buffer.from(text)));
    }
    return this.#pushMessage(encodeTextFrame(this.#role, text));
  }

  sendBinary(data: Uint8Array, mayCompress: boolean): boolean {
    assertBytes(data);
    const deflate = this.#deflate;
    if (deflate !== undefined && mayCompress && deflate.isWorthCompressing(data.length)) {
      return this.#pushMessage(this.#compressed(deflate, Opcode.binary, data));
    }
    const first = firstByte(Opcode.binary, true, false);
    if (isCopiedWhenSent(this.#role, data.length)) return this.#pushMessage(encodeFrame(this.#role, first, data));
    const payload = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const header = encodeHeader(first, data.length);
    // Behind a streamed message the frame waits as one piece: copying is simpler there.
    if (this.#order !== undefined && !this.#order.isIdle) return this.#pushMessage(Buffer.concat([header, payload]));
    this.writer.pushFrame(header, payload);
    return this.#checkQueue();
  }

  sendPrepared(message: PreparedMessage): boolean {
    // Only a PreparedMessage has frames, so this is the type check as well.
    const frames = message?.frames;
    if (frames === undefined) throw wrongType('a PreparedMessage', message);
    // Joined from no messages.
    if (frames.length === 0) return true;
    const deflate = this.#deflate;
    if (this.#role === 'server') {
      if (deflate === undefined) return this.#pushMessage(frames);
      if (deflate.isOutputShared) return this.#pushMessage(message.compressedFrames(deflate));
    }
    if (message.parts.length > 0) return message.parts.every((part) => this.sendPrepared(part));
    if (message.kind === 'text') return this.sendText(message.payload.toString('utf8'), message.mayCompress);
    return this.sendBinary(message.payload, message.mayCompress);
  }

  /** See `WebSocketConnection.follow`. */
  follow<Receiver>(
    turn: TurnBuffer<Receiver>,
    receiver: Receiver,
    messageBytes: number,
    maxBufferedBytes: number,
  ): boolean {
    const { writer } = this;
    const room = this.#canShareOutput ? writer.roomForMore(maxBufferedBytes) : -1;
    if (room < messageBytes) {
      this.unfollow(turn);
      return false;
    }
    turn.limitRoom(room);
    if (!writer.isFollowing(turn)) writer.follow(turn.beginFollowing(this.#deflate), receiver);
    return true;
  }

  unfollow<Receiver>(turn?: TurnBuffer<Receiver>): void {
    if (turn === undefined || this.writer.isFollowing(turn)) this.writer.endTail();
  }

  sendControl(opcode: ControlOpcode, payload: Uint8Array): boolean {
    this.writer.pushUrgent(encodeFrame(this.#role, firstByte(opcode, true, false), payload));
    return this.#checkQueue();
  }

  /** Queues the Close frame, the last frame of the connection. */
  sendClose(payload: Uint8Array): void {
    this.dropStreams();
    this.writer.push(encodeFrame(this.#role, firstByte(Opcode.close, true, false), payload));
    this.writer.releaseAll();
  }

  startMessage(kind: MessageKind): FragmentWriter {
    // What a followed source sends from here on waits behind this message.
    this.writer.endTail();
    this.#order ??= new SendOrder((output) => this.writer.pushAll(output));
    const message = new FragmentWriter(this, this.#role, kind);
    if (this.#isOpen) this.#order.open(message);
    return message;
  }

  /** Drops streamed messages, and what waits behind them, as the connection closes; pending promises reject with `reason`. */
  dropStreams(reason?: unknown): void {
    this.#isOpen = false;
    this.#order?.drop(reason);
  }

  /** Drops what is queued, except the rest of a frame already written in part; pending promises reject with `reason`. */
  drop(reason: unknown): void {
    this.dropStreams(reason);
    this.writer.drop(reason);
  }

  /** The socket is closed: drops everything; pending promises reject with `reason`. */
  destroy(reason: unknown): void {
    this.dropStreams(reason);
    this.writer.destroy(reason);
  }

  pushFragment(fragment: Buffer): boolean {
    if (!this.#isOpen) return false;
    this.writer.push(fragment);
    return this.#checkQueue();
  }

  noteWaiting(bytes: number): boolean {
    if (!this.#isOpen) return false;
    this.#order?.noteWaiting(bytes);
    return this.#checkQueue();
  }

  endMessage(message: StreamedMessage): void {
    this.#order?.end(message);
    // What waited behind it may fill the write queue.
    if (this.#isOpen) this.#checkQueue();
  }

  /** Resolves when all messages so far were written, also those behind a streamed one. Rejects as `whenWritten`. */
  whenAllWritten(): Promise<void> {
    return whenWritten(this.#order === undefined || this.#order.isIdle ? this.writer : this.#order);
  }

  /** Resolves when the fragments so far of the current streamed message were written. Rejects as `whenWritten`. */
  whenFragmentWritten(): Promise<void> {
    return whenWritten(this.writer);
  }

  /** What is sent does not depend on what this connection was sent before, and need not wait behind a streamed message. */
  get #canShareOutput(): boolean {
    if (this.#role === 'client' || this.#deflate?.isOutputShared === false) return false;
    return this.#order === undefined || this.#order.isIdle;
  }

  #compressed(deflate: PerMessageDeflate, opcode: 0x1 | 0x2, payload: Uint8Array): Buffer {
    const compressed = deflate.compress(payload);
    return encodeFrame(this.#role, firstByte(opcode, true, compressed !== undefined), compressed ?? payload);
  }

  #pushMessage(frames: Buffer): boolean {
    if (this.#order === undefined || this.#order.isIdle) this.writer.push(frames);
    else this.#order.pushMessage(frames);
    return this.#checkQueue();
  }

  #checkQueue(): boolean {
    const writer = this.writer;
    if (writer.isNewlyFull) writer.noteFull(this.#events.now());
    const waitingBytes = this.#order?.waitingBytes ?? 0;
    if (writer.queuedBytes + waitingBytes <= this.#maxBufferedBytes) return true;
    this.#events.onOverflow(this.#owner);
    return false;
  }
}
