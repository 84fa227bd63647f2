// The sends of the app: each gets a key, so that a repetition after a lost connection is stored once.

import {
  type Answer,
  encodeBase64,
  type MessageEntry,
  type Position,
  randomId,
  type SentAnswer,
  type SessionLimits,
  utf8ByteLength,
} from '@longwire/protocol';
import { type AbortSignalLike, checkSignal } from '../arguments/abort-signal.js';
import { checkOptionNames } from '../arguments/option-names.js';
import { type PositionInput, positionFrom } from '../arguments/position-input.js';
import { invalidField, LongwireError } from '../errors.js';
import type { CommandQueue } from './command-queue.js';
import { type Request, request } from './request.js';
import { jsonTextOf, type SendBody } from './send-body.js';

export interface SendOptions {
  /** Idempotency key, 1-128 bytes. Default: random. One's own makes a send idempotent across restarts of the app. */
  readonly key?: string | undefined;
  /** Name of what this message replaces. */
  readonly slot?: string | undefined;
  /** At most 32 pairs, 4 KiB together. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string | undefined;
  /** The message of the same channel that this one answers. */
  readonly replyTo?: PositionInput | undefined;
  /** The `message` handlers of this client get the message too, as `own`. Default: only the promise reports it. */
  readonly echo?: boolean | undefined;
  /** Gives the send up. If it was sent before, it is perhaps stored: the error says so by `perhapsStored`. */
  readonly signal?: AbortSignalLike | undefined;
}

/** Where a message was stored. */
export interface SendResult {
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
  /** When it was stored, in milliseconds since 1970, by the server's clock. */
  readonly at: number;
  /** It had been stored by an earlier attempt with the same key. */
  readonly repeated: boolean;
}

export interface PendingSendsPort {
  /** The newest known position in the channel; undefined if none is known. */
  positionOf(channel: string): Position | undefined;
  /** The answer to a send. Returns whether its entry may still come. */
  takeSent(sent: SentAnswer, options: { readonly isEcho: boolean }): boolean;
  limits(): SessionLimits;
  fillRandom(bytes: Uint8Array): void;
}

// Of the sends whose entries may still come, the oldest are forgotten beyond this: their entries reach the app as `own`.
const MAX_EXPECTED_ENTRIES = 10_000;

/** Sends in the order of the calls, and settles each by its answer or by its own entry in the log, whichever comes first. */
export class PendingSends {
  readonly #queue: CommandQueue;
  readonly #port: PendingSendsPort;
  /** By channel and key, which every own entry has. */
  readonly #pending = new Map<string, Request<SendResult>>();
  /** The sends whose entries may still come, by channel and key: whether the app asked for the entry with `echo`. */
  readonly #expectedEntries = new Map<string, boolean>();

  constructor(queue: CommandQueue, port: PendingSendsPort) {
    this.#queue = queue;
    this.#port = port;
  }

  /** Resolves when the server has stored the message. */
  send(channel: string, body: SendBody, options: SendOptions): Promise<SendResult> {
    const makeContent = () => orInvalid('The body must be a JSON value or a Uint8Array', () => contentOf(body));
    return this.#sendContent(channel, makeContent, options);
  }

  /** As `send`, with a body that is JSON text already. */
  sendJson(channel: string, bodyText: string, options: SendOptions): Promise<SendResult> {
    const makeContent = () => orInvalid('The body must be JSON text', () => contentOfJson(bodyText));
    return this.#sendContent(channel, makeContent, options);
  }

  #sendContent(channel: string, makeContent: () => Content, options: SendOptions): Promise<SendResult> {
    try {
      return this.#send(channel, makeContent, options);
    } catch (error) {
      return Promise.reject(error as LongwireError);
    }
  }

  #send(channel: string, makeContent: () => Content, options: SendOptions): Promise<SendResult> {
    checkOptionNames(options, optionNames);
    checkSignal(options.signal);
    const key = options.key ?? randomId((bytes) => this.#port.fillRandom(bytes));
    const content = makeContent();
    const rest = orInvalid('The options must be JSON values', () => fieldsOf(options));
    const head = JSON.stringify({ to: channel, key }).slice(1, -1);
    const size = 2 * (head.length + rest.length + content.text.length);
    const name = `${channel} ${key}`;
    const isEcho = options.echo === true;
    let since: Position | undefined;
    const sent = request<SendResult>(this.#queue, {
      size,
      key,
      signal: options.signal,
      encode: (id, attempt) => {
        if (attempt === 1) since = this.#port.positionOf(channel);
        // PROTOCOL, "What a client does": a repetition carries the position before the first attempt.
        const sinceText = attempt > 1 && since !== undefined ? `,"since":${JSON.stringify(since)}` : '';
        const text = `{"id":${id},"type":"send",${head}${sinceText}${rest},"${content.field}":${content.text}}`;
        this.#checkSize(content, text, key);
        this.#expectEntry(name, isEcho);
        return text;
      },
      onAnswer: (answer) => this.#onAnswer(answer, name, isEcho),
      resultOf,
    });
    this.#remember(name, sent);
    return sent.promise;
  }

  /** An entry of the signed-in user is in the log: if it is that of a pending send, the send has succeeded. */
  onOwnEntry({ channel, epoch, offset, at, key }: MessageEntry): void {
    this.#pending.get(`${channel} ${key}`)?.settle({ channel, epoch, offset, at, repeated: true });
  }

  /** Whether the app gets this entry of the signed-in user: always, except that of a send of this client without `echo`. */
  takeOwnEntry({ channel, key }: MessageEntry): boolean {
    const name = `${channel} ${key}`;
    const isForApp = this.#expectedEntries.get(name) ?? true;
    this.#expectedEntries.delete(name);
    return isForApp;
  }

  #expectEntry(name: string, isEcho: boolean): void {
    const wasEcho = this.#expectedEntries.get(name) ?? false;
    this.#expectedEntries.delete(name);
    this.#expectedEntries.set(name, isEcho || wasEcho);
    const [oldest] = this.#expectedEntries.keys();
    if (oldest !== undefined && this.#expectedEntries.size > MAX_EXPECTED_ENTRIES) this.#expectedEntries.delete(oldest);
  }

  #onAnswer(answer: Answer, name: string, isEcho: boolean): void {
    const mayEntryCome = answer.type === 'sent' ? this.#port.takeSent(answer, { isEcho }) : isPerhapsStored(answer);
    if (!mayEntryCome) this.#expectedEntries.delete(name);
  }

  #remember(name: string, sent: Request<SendResult>): void {
    // The app may give one key to two sends: the first is found in the log, the second by its answer.
    if (sent.command === undefined || this.#pending.has(name)) return;
    this.#pending.set(name, sent);
    const forget = () => {
      this.#pending.delete(name);
    };
    sent.promise.then(forget, forget);
  }

  /** Refused here, because a command above `commandBytes` costs the connection, and every other send with it. */
  #checkSize(content: Content, text: string, key: string): void {
    const { bodyBytes, commandBytes } = this.#port.limits();
    const contentBytes = content.byteLength ?? this.#bytesIfAbove(content.text, bodyBytes);
    if (contentBytes > bodyBytes) {
      throw new LongwireError('too_large', `A body has at most ${bodyBytes} bytes, this one ${contentBytes}`, { key });
    }
    const textBytes = this.#bytesIfAbove(text, commandBytes);
    if (textBytes > commandBytes) {
      throw new LongwireError('too_large', `A command has at most ${commandBytes} bytes, this one ${textBytes}`, {
        key,
      });
    }
  }

  /** The length in UTF-8, or a lower number if that is surely within `limit`: one UTF-16 unit takes at most 3 bytes. */
  #bytesIfAbove(text: string, limit: number): number {
    return text.length * 3 <= limit ? text.length : utf8ByteLength(text);
  }
}

const optionNames = Object.keys({
  key: 0,
  slot: 0,
  headers: 0,
  contentType: 0,
  replyTo: 0,
  echo: 0,
  signal: 0,
} satisfies Record<keyof SendOptions, 0>);

// It has no UTF-8: what arrives would be another character.
const loneSurrogate = /\p{Cs}/u;

interface Content {
  readonly field: 'body' | 'bytes';
  /** JSON text. */
  readonly text: string;
  /** Of bytes: how many there are. */
  readonly byteLength: number | undefined;
}

function orInvalid<Part>(expected: string, make: () => Part): Part {
  try {
    return make();
  } catch (cause) {
    if (cause instanceof LongwireError) throw cause;
    throw invalidField(`${expected}: ${String(cause)}`, cause);
  }
}

function contentOf(body: SendBody): Content {
  if (body instanceof Uint8Array) {
    return { field: 'bytes', text: `"${encodeBase64(body)}"`, byteLength: body.byteLength };
  }
  // The text is made now: what the app does to the object after its call is not sent.
  return { field: 'body', text: jsonTextOf(body), byteLength: undefined };
}

function contentOfJson(text: string): Content {
  if (typeof text !== 'string' || loneSurrogate.test(text)) throw new TypeError('not a well-formed string');
  JSON.parse(text);
  return { field: 'body', text, byteLength: undefined };
}

function fieldsOf({ slot, echo, headers, contentType, replyTo }: SendOptions): string {
  const fields = { slot, echo, headers, contentType, replyTo: replyTo && positionFrom(replyTo) };
  const text = JSON.stringify(fields).slice(1, -1);
  return text === '' ? '' : `,${text}`;
}

function isPerhapsStored(answer: Answer): boolean {
  return answer.type !== 'error' || answer.retryable;
}

function resultOf(answer: Answer): SendResult | undefined {
  if (answer.type !== 'sent') return undefined;
  const { channel, epoch, offset, at, repeated = false } = answer;
  return { channel, epoch, offset, at, repeated };
}
