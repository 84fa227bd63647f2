// Whether a peer that seems dead or too slow still acknowledges what the kernel holds for it. One read of the kernel's tables
// serves all connections that are watched at a time; those that are well are not.
import type { Duplex } from 'node:stream';
import { type KernelSendQueue, readSendQueues, sendQueueKey } from './send-queue-table.js';

/** Shortest time between two reads. */
const READ_INTERVAL_MS = 1_000;
/** The highest share of time that reading takes: half a second, on a thread of its own, with 100 000 sockets. */
const READ_SHARE = 0.1;
/** A peer that left so many retransmissions or probes unanswered in a row is taken for dead. */
const MAX_UNANSWERED = 3;
/**
 * A live peer whose window is closed may read all the same: its kernel opens the window when 1/16 of its receive buffer is free
 * (tcp(7), tcp_rmem: up to 6 MiB and more), at 4 KB/s after two minutes and more.
 */
const CLOSED_WINDOW_PATIENCE = 4;
/** Where the kernel says nothing, reading shows when half of its send buffer has drained (tcp_wmem: up to 4 MiB). */
const UNSEEN_PATIENCE = 8;

/** The bytes that the kernel has taken from us so far. */
interface Written {
  readonly writtenBytes: number;
}

export class SendQueueWatch {
  readonly #socket: Duplex;
  readonly #written: Written;
  readonly #key: string | undefined;
  #state: 'unread' | 'unseen' | 'seen' = 'unread';
  #queue: KernelSendQueue = { bytes: 0, unanswered: 0 };
  #ackedAtFirst = 0;
  #acked = 0;
  #hasMoved = false;

  /** Begins to watch, until `stop` or the socket's end. */
  constructor(socket: Duplex, written: Written) {
    this.#socket = socket;
    this.#written = written;
    this.#key = sendQueueKey(socket);
    if (this.#key === undefined) this.#state = 'unseen';
    else watch(this, this.#key);
  }

  /** Bytes that the peer was seen to acknowledge, since `countFromHere` or the first read. */
  get ackedBytes(): number {
    return this.#acked - this.#ackedAtFirst;
  }

  countFromHere(): void {
    this.#ackedAtFirst = this.#acked;
  }

  /** Whether the peer was seen to acknowledge anything since this was asked last. */
  takeMoved(): boolean {
    const hasMoved = this.#hasMoved;
    this.#hasMoved = false;
    return hasMoved;
  }

  /** How many times the usual deadline a peer is given of which nothing is seen. */
  patience(isStuck: boolean): number {
    if (this.#state === 'unread') return CLOSED_WINDOW_PATIENCE;
    if (this.#state === 'unseen') return isStuck ? UNSEEN_PATIENCE : 1;
    // What it has acknowledged it could have answered, and a peer that is gone answers nothing.
    const isHeldUp = this.#queue.bytes > 0 && this.#queue.unanswered < MAX_UNANSWERED;
    return isHeldUp ? CLOSED_WINDOW_PATIENCE : 1;
  }

  stop(): void {
    if (this.#key !== undefined) watched.delete(this);
  }

  /** Called after each read of the tables; undefined if the socket is in none. */
  note(queue: KernelSendQueue | undefined): void {
    if (this.#socket.destroyed) this.stop();
    else if (queue === undefined) this.#state = 'unseen';
    else this.#noteSeen(queue);
  }

  #noteSeen(queue: KernelSendQueue): void {
    const acked = this.#written.writtenBytes - queue.bytes;
    if (this.#state !== 'seen') this.#ackedAtFirst = acked;
    else if (acked > this.#acked) this.#hasMoved = true;
    this.#state = 'seen';
    this.#queue = queue;
    this.#acked = acked;
  }
}

const watched = new Map<SendQueueWatch, string>();
let isReading = false;

function watch(queue: SendQueueWatch, key: string): void {
  watched.set(queue, key);
  if (isReading) return;
  isReading = true;
  void read();
}

async function read(): Promise<void> {
  const startedMs = performance.now();
  const asked = [...watched];
  const queues = await readSendQueues(new Set(watched.values()));
  for (const [queue, key] of asked) {
    if (watched.has(queue)) queue.note(queues?.get(key));
  }
  if (watched.size === 0) {
    isReading = false;
    return;
  }
  const tookMs = performance.now() - startedMs;
  const timer = setTimeout(() => void read(), Math.max(READ_INTERVAL_MS, tookMs / READ_SHARE));
  // The sockets keep the process alive, not what is asked about them.
  timer.unref();
}
