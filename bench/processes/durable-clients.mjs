// Senders and receivers in pairs: each sender keeps a number of sends unanswered; latencies are taken here.
import { answerQuestions } from '../harness/child-process.mjs';
import { LatencyRecorder } from '../harness/latency-recorder.mjs';
import { maskedText } from '../harness/masked-frame.mjs';
import { firstNumber, SendCommand } from '../harness/send-command.mjs';
import { epochOf, offsetOf, signIn } from '../harness/signed-in-client.mjs';

const bodyBytes = 128;
const ackIntervalMs = 1_000;
/** Sends of one pair whose time is remembered: as many as can be stored and not yet have reached the receiver. */
const remembered = 4_096;

const untilSent = new LatencyRecorder();
const untilMessage = new LatencyRecorder();
let stored = 0;
let received = 0;
let isSending = true;

class Pair {
  #sendTimes = new Float64Array(remembered);
  #command;
  #epoch = '';
  #asked = 0;
  #answered = 0;
  #received = 0;
  #room = 0;
  #index;
  /** @type {import('../harness/raw-client.mjs').RawClient | undefined} */
  #sender;
  /** @type {import('../harness/raw-client.mjs').RawClient | undefined} */
  #receiver;

  /** @param {number} index */
  constructor(index) {
    this.#index = index;
    this.#command = new SendCommand(`user/r${index}`, `s${index}`, bodyBytes);
  }

  /** @param {number} port */
  async open(port) {
    const index = this.#index;
    this.#receiver = await signIn({
      port,
      index,
      user: `r${index}`,
      onFrame: (kind, bytes, start) => {
        if (kind === 'message') this.#onMessage(bytes, start);
      },
    });
    this.#sender = await signIn({
      port,
      index,
      user: `s${index}`,
      onFrame: (kind, bytes, start) => {
        if (kind === 'sent') this.#onSent(bytes, start);
      },
      onChunkEnd: () => this.#send(),
    });
  }

  /** @param {number} inFlight */
  start(inFlight) {
    this.#room = inFlight;
    this.#send();
  }

  get isIdle() {
    return this.#answered === this.#asked && this.#received === this.#asked;
  }

  /** Both sides say what they have, as their apps would. */
  ack() {
    if (this.#received === 0) return;
    const position = (/** @type {number} */ offset) => `{"epoch":"${this.#epoch}","offset":${offset}}`;
    const fromReceiver = `{"type":"ack","cursors":{"user/s${this.#index}":${position(this.#received)}}}`;
    const fromSender = `{"type":"ack","cursors":{"user/r${this.#index}":${position(this.#answered)}}}`;
    this.#receiver?.write(maskedText(fromReceiver));
    this.#sender?.write(maskedText(fromSender));
  }

  /** All that there is room for, in one write. */
  #send() {
    if (!isSending || this.#room === 0) return;
    const now = performance.now();
    const size = this.#command.byteLength;
    const frames = Buffer.allocUnsafe(size * this.#room);
    for (let place = 0; place < this.#room; place++) {
      this.#sendTimes[this.#asked % remembered] = now;
      this.#command.writeTo(firstNumber + this.#asked, frames, place * size);
      this.#asked += 1;
    }
    this.#room = 0;
    this.#sender?.write(frames);
  }

  /**
   * Answers come in the order of the sends, and this is the channel's only writer.
   * @param {Buffer} bytes
   * @param {number} start
   */
  #onSent(bytes, start) {
    untilSent.add(performance.now() - (this.#sendTimes[this.#answered % remembered] ?? 0));
    this.#answered += 1;
    if (offsetOf(bytes, start) !== this.#answered) throw new Error('a sent has the wrong offset');
    this.#room += 1;
    stored += 1;
  }

  /**
   * @param {Buffer} bytes
   * @param {number} start
   */
  #onMessage(bytes, start) {
    untilMessage.add(performance.now() - (this.#sendTimes[this.#received % remembered] ?? 0));
    if (this.#received === 0) this.#epoch = epochOf(bytes, start);
    this.#received += 1;
    if (offsetOf(bytes, start) !== this.#received) throw new Error('a message is missing or came twice');
    received += 1;
  }
}

/** @type {Pair[]} */
const pairs = [];

function ackInTurns() {
  // Spread over the interval, as the clocks of different apps are.
  const slices = 50;
  let slice = 0;
  setInterval(() => {
    for (let index = slice; index < pairs.length; index += slices) pairs[index]?.ack();
    slice = (slice + 1) % slices;
  }, ackIntervalMs / slices);
}

answerQuestions({
  /** @param {{ port: number, count: number }} input */
  async open({ port, count }) {
    for (let index = 0; index < count; index++) {
      const pair = new Pair(index);
      await pair.open(port);
      pairs.push(pair);
    }
    ackInTurns();
  },
  /** @param {{ inFlight: number }} input */
  start({ inFlight }) {
    for (const pair of pairs) pair.start(inFlight);
  },
  beginMeasuring() {
    untilSent.clear();
    untilMessage.clear();
    stored = 0;
    received = 0;
  },
  measured: () => ({ stored, received, untilSent: untilSent.summary(), untilMessage: untilMessage.summary() }),
  stopSending() {
    isSending = false;
  },
  /** Whether everything that was sent has been answered and received. */
  isIdle: () => pairs.every((pair) => pair.isIdle),
});
