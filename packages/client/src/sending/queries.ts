// The commands that may be repeated freely: history, channels, read.

import { type Address, type Answer, type ChannelSummary, type EntryPush, isMessageEntry } from '@longwire/protocol';
import type { AbortSignalLike, WaitOptions } from '../arguments/abort-signal.js';
import { assertOptionNames } from '../arguments/option-names.js';
import { type PositionInput, positionFrom } from '../arguments/position-input.js';
import { type LongwireMessage, messageFrom } from '../reading/message.js';
import type { RequestParts, Requests } from './requests.js';

export interface HistoryOptions {
  /** Messages before this one, exclusive. A bare offset is one of the channel's current epoch. */
  readonly before?: PositionInput | number | undefined;
  /** Messages after this one, exclusive. At most one of the two; neither: the newest page. */
  readonly after?: PositionInput | number | undefined;
  /** 1-200, default 50. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

export interface HistoryPage {
  /** Ascending. */
  readonly messages: readonly LongwireMessage[];
  /** Whether there are more in the requested direction. */
  readonly more: boolean;
  /** The positions of the page's first and last entry, of whatever kind: the next page starts there. */
  readonly first: PositionInput | undefined;
  readonly last: PositionInput | undefined;
}

export interface ChannelsOptions {
  /** The last address of the previous page. */
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
  readonly #requests: Requests;
  readonly #user: () => string;

  /** @param user  the id of the signed-in user */
  constructor(requests: Requests, user: () => string) {
    this.#requests = requests;
    this.#user = user;
  }

  history(channel: Address, options: HistoryOptions): Promise<HistoryPage> {
    return this.#query('history', () => {
      assertOptionNames(options, ['before', 'after', 'limit', 'signal']);
      const { before, after, limit, signal } = options;
      return {
        signal,
        fields: { type: 'history', channel, before: positionOrNumber(before), after: positionOrNumber(after), limit },
        resultOf: ({ entries, more }) => {
          const [first, last] = [entries[0], entries.at(-1)];
          return {
            messages: this.#messagesOf(entries),
            more,
            first: first && positionFrom(first),
            last: last && positionFrom(last),
          };
        },
      };
    });
  }

  channels(options: ChannelsOptions): Promise<ChannelsPage> {
    return this.#query('channels', () => {
      assertOptionNames(options, ['after', 'limit', 'signal']);
      const { after, limit, signal } = options;
      return {
        signal,
        fields: { type: 'channels', after, limit },
        resultOf: ({ channels, more }) => ({ channels, more }),
      };
    });
  }

  read(channel: Address, position: PositionInput, options: WaitOptions): Promise<void> {
    return this.#query('ok', () => {
      assertOptionNames(options, ['signal']);
      return {
        signal: options.signal,
        fields: { type: 'read', channel, ...positionFrom(position) },
        resultOf: () => undefined,
      };
    });
  }

  #messagesOf(entries: readonly EntryPush[]): LongwireMessage[] {
    const messages: LongwireMessage[] = [];
    for (const entry of entries) if (isMessageEntry(entry)) messages.push(messageFrom(entry, this.#user()));
    return messages;
  }

  #query<Type extends Answer['type'], Result>(
    answerType: Type,
    describe: () => Pick<RequestParts<Type, Result>, 'signal' | 'resultOf'> & {
      readonly fields: Readonly<Record<string, unknown>>;
    },
  ): Promise<Result> {
    return this.#requests.start(answerType, () => {
      const { fields, signal, resultOf } = describe();
      const text = JSON.stringify(fields).slice(1);
      return { size: 2 * text.length, signal, resultOf, encode: (id) => `{"id":${id},${text}` };
    }).promise;
  }
}

function positionOrNumber(place: PositionInput | number | undefined): PositionInput | number | undefined {
  return typeof place === 'object' ? positionFrom(place) : place;
}
