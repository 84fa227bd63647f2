// The sends of the app. Each has a key, so that a repetition after a lost connection is stored once.

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
import type { AbortSignalLike } from '../arguments/abort-signal.js';
import { assertOptionNames } from '../arguments/option-names.js';
import { type PositionInput, positionFrom } from '../arguments/position-input.js';
import { LongwireError } from '../errors.js';
import type { Request, Requests } from './requests.js';
import { jsonTextOf, type SendBody } from './send-body.js';

export interface SendOptions {
  /** Idempotency key, 1-128 bytes. Default: random. A key of the app makes a send idempotent across its restarts. */
  readonly key?: string | undefined;
  /** Name of what this message replaces: in an inbox and in `all`, the older message of the same slot is removed. */
  readonly slot?: string | undefined;
  /** For notifications and announcements: how long after they are stored they are removed, in milliseconds. */
  readonly ttlMs?: number | undefined;
  /** At most 32 pairs, 4 KiB together. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string | undefined;
  /** The message of the same channel that this one answers. */
  readonly replyTo?: PositionInput | undefined;
  /** The `message` handlers of this client get the message too, as `own`. Default: only the promise reports it. */
  readonly echo?: boolean | undefined;
  /** Aborts the send. If it was sent already it may be stored, and `perhapsStored` of the error is true. */
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

/** Sends in the order of the calls, and settles each by its answer or, if that was lost, by its own entry in the log. */
export class PendingSends {
  readonly #requests: Requests;
  readonly #port: PendingSendsPort;
  /** By channel and key, which every own entry has. */
  readonly #pending = new Map<string, Request<SendResult>>();
  /** The sends whose entries may still come, by channel and key: whether the app asked for the entry with `echo`. */
  readonly #expectedEntries = new Map<string, boolean>();

  constructor(requests: Requests, port: PendingSendsPort) {
    this.#requests = requests;
    this.#port = port;
  }

  /** Resolves when the server has stored the message. */
  send(channel: string, body: SendBody, options: SendOptions): Promise<SendResult> {
    return this.#send(channel, options, () =>
      orInvalid('The body must be a JSON value or a Uint8Array', () => contentOf(body)),
    );
  }

  /** As `send`, with a body that is JSON text already. */
  sendJson(channel: string, bodyText: string, options: SendOptions): Promise<SendResult> {
    return this.#send(channel, options, () => orInvalid('The body must be JSON text', () => contentOfJson(bodyText)));
  }

  #send(channel: string, options: SendOptions, makeContent: () => Content): Promise<SendResult> {
    let name = '';
    let sent: Request<SendResult> | undefined;
    sent = this.#requests.start('sent', () => {
      assertOptionNames(options, optionNames);
      const { key = randomId((bytes) => this.#port.fillRandom(bytes)), signal } = options;
      const content = makeContent();
      const rest = orInvalid('The options must be JSON values', () => fieldsOf(options));
      const head = JSON.stringify({ to: channel, key }).slice(1, -1);
      const isEcho = options.echo === true;
      let since: Position | undefined;
      name = `${channel} ${key}`;
      return {
        size: 2 * (head.length + rest.length + content.text.length),
        key,
        signal,
        encode: (id, attempt) => {
          if (attempt === 1) since = this.#port.positionOf(channel);
          // PROTOCOL, "What a client does": a repetition has the position before the first attempt.
          const sinceText = attempt > 1 && since !== undefined ? `,"since":${JSON.stringify(since)}` : '';
          const text = `{"id":${id},"type":"send",${head}${sinceText}${rest},"${content.field}":${content.text}}`;
          this.#checkSize(content, text, key);
          this.#expectEntry(name, isEcho);
          return text;
        },
        onAnswer: (answer) => this.#onAnswer(answer, name, isEcho),
        resultOf: ({ epoch, offset, at, repeated = false }) => ({ channel, epoch, offset, at, repeated }),
        onSettled: () => {
          if (this.#pending.get(name) === sent) this.#pending.delete(name);
        },
      };
    });
    // The app may use one key for two sends: then the second is settled by its answer only.
    if (sent.isPending && !this.#pending.has(name)) this.#pending.set(name, sent);
    return sent.promise;
  }

  /** An entry of the signed-in user is in the log: if it is that of a send whose answer was lost, the send has succeeded. */
  onOwnEntry({ channel, epoch, offset, at, key }: MessageEntry): void {
    this.#pending.get(`${channel} ${key}`)?.settleIfInDoubt({ channel, epoch, offset, at, repeated: true });
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

  /** Checked here, because the server ends the connection, with all other sends, after a command above `commandBytes`. */
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

  /** The length in UTF-8, or a lower number if that is certainly within `limit`: a UTF-16 unit takes at most 3 bytes. */
  #bytesIfAbove(text: string, limit: number): number {
    return text.length * 3 <= limit ? text.length : utf8ByteLength(text);
  }
}

const optionNames = Object.keys({
  key: 0,
  slot: 0,
  ttlMs: 0,
  headers: 0,
  contentType: 0,
  replyTo: 0,
  echo: 0,
  signal: 0,
} satisfies Record<keyof SendOptions, 0>);

// It has no UTF-8, so another character would arrive.
const loneSurrogate = /\p{Cs}/u;

interface Content {
  readonly field: 'body' | 'bytes';
  /** JSON text. */
  readonly text: string;
  /** The number of bytes, if the content is bytes. */
  readonly byteLength: number | undefined;
}

function orInvalid<Part>(expected: string, make: () => Part): Part {
  try {
    return make();
  } catch (cause) {
    if (cause instanceof LongwireError) throw cause;
    throw new LongwireError('invalid_field', `${expected}: ${String(cause)}`, { cause });
  }
}

function contentOf(body: SendBody): Content {
  if (body instanceof Uint8Array) {
    return { field: 'bytes', text: `"${encodeBase64(body)}"`, byteLength: body.byteLength };
  }
  // Encoded now: later changes of the object are not sent.
  return { field: 'body', text: jsonTextOf(body), byteLength: undefined };
}

function contentOfJson(text: string): Content {
  if (typeof text !== 'string' || loneSurrogate.test(text)) throw new TypeError('not a well-formed string');
  JSON.parse(text);
  return { field: 'body', text, byteLength: undefined };
}

function fieldsOf({ slot, ttlMs, echo, headers, contentType, replyTo }: SendOptions): string {
  const fields = { slot, ttlMs, echo, headers, contentType, replyTo: replyTo && positionFrom(replyTo) };
  const text = JSON.stringify(fields).slice(1, -1);
  return text === '' ? '' : `,${text}`;
}

function isPerhapsStored(answer: Answer): boolean {
  return answer.type !== 'error' || answer.retryable;
}
