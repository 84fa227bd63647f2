// The commands that ask and change nothing in a log: history, channels, read. All may be repeated freely.

import { type Address, type Answer, type ChannelSummary, type EntryPush, isMessageEntry } from '@longwire/protocol';
import type { AbortSignalLike } from '../arguments/abort-signal.js';
import { checkOptionNames } from '../arguments/option-names.js';
import { type PositionInput, positionFrom } from '../arguments/position-input.js';
import type { HistoryOptions, HistoryPage, WaitOptions } from '../channel.js';
import { type LongwireMessage, messageFrom } from '../reading/message.js';
import type { CommandQueue } from './command-queue.js';
import { request } from './request.js';

export interface ChannelsOptions {
  /** The last address of the page before. */
  readonly after?: string | undefined;
  /** 1-200, default 50. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

export interface ChannelsPage {
  /** The one with the newest entry first. */
  readonly channels: readonly ChannelSummary[];
  readonly more: boolean;
}

export class Queries {
  readonly #queue: CommandQueue;
  readonly #user: () => string;

  /** @param user  who is signed in */
  constructor(queue: CommandQueue, user: () => string) {
    this.#queue = queue;
    this.#user = user;
  }

  history(channel: Address, options: HistoryOptions): Promise<HistoryPage> {
    checkOptionNames(options, ['before', 'after', 'limit', 'signal']);
    const { before, after, limit, signal } = options;
    const fields = { type: 'history', channel, before: placeOf(before), after: placeOf(after), limit };
    return this.#ask(fields, signal, (answer) => {
      if (answer.type !== 'history') return undefined;
      const { entries, more } = answer;
      const [first, last] = [entries[0], entries.at(-1)];
      return {
        messages: this.#messagesOf(entries),
        more,
        first: first && positionFrom(first),
        last: last && positionFrom(last),
      };
    });
  }

  channels(options: ChannelsOptions): Promise<ChannelsPage> {
    checkOptionNames(options, ['after', 'limit', 'signal']);
    const { after, limit, signal } = options;
    return this.#ask({ type: 'channels', after, limit }, signal, (answer) =>
      answer.type === 'channels' ? { channels: answer.channels, more: answer.more } : undefined,
    );
  }

  async read(channel: Address, position: PositionInput, options: WaitOptions): Promise<void> {
    const fields = { type: 'read', channel, ...positionFrom(position) };
    checkOptionNames(options, ['signal']);
    await this.#ask(fields, options.signal, (answer) => (answer.type === 'ok' ? true : undefined));
  }

  #messagesOf(entries: readonly EntryPush[]): LongwireMessage[] {
    const messages: LongwireMessage[] = [];
    for (const entry of entries) if (isMessageEntry(entry)) messages.push(messageFrom(entry, this.#user()));
    return messages;
  }

  #ask<Result>(
    fields: Readonly<Record<string, unknown>>,
    signal: AbortSignalLike | undefined,
    resultOf: (answer: Answer) => Result | undefined,
  ): Promise<Result> {
    const text = JSON.stringify(fields).slice(1);
    return request<Result>(this.#queue, {
      size: 2 * text.length,
      signal,
      encode: (id) => `{"id":${id},${text}`,
      resultOf,
    }).promise;
  }
}

function placeOf(place: PositionInput | number | undefined): PositionInput | number | undefined {
  return typeof place === 'object' ? positionFrom(place) : place;
}
