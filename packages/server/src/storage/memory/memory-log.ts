// The logs of the memory engine.

import type { Channel } from '../../channel/channel.js';
import { type Entry, makeEntry } from '../../channel/entry.js';
import { assertBatchSize, pairOfRequest } from '../append-check.js';
import type {
  AppendRequest,
  AppendResult,
  ChannelHead,
  KeySearch,
  MessageLog,
  Page,
  PageRequest,
  SearchedKey,
} from '../message-log.js';
import type { MemoryChannel, MemoryState } from './memory-state.js';

export class MemoryMessageLog implements MessageLog {
  readonly #state: MemoryState;

  constructor(state: MemoryState) {
    this.#state = state;
  }

  async append(batch: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    this.#state.assertOpen();
    assertBatchSize(batch.length);
    // The whole batch is checked before any of it is stored: a bad request must not leave half a batch behind.
    for (const request of batch) pairOfRequest(request);
    const fresh = batch.filter(
      (request) => !request.isRefused && this.#knowsUsers(request) && this.#firstWithKey(request) === undefined,
    );
    const newChannels = new Set(
      fresh.map(({ channel }) => channel.key).filter((key) => !this.#state.channels.has(key)),
    );
    this.#state.reserveEntries(
      fresh.map(({ content }) => content),
      newChannels.size,
    );
    return batch.map((request) => this.#appendOne(request));
  }

  /** All keys are recognised, for as long as there is the engine. */
  async searchKey({ since }: KeySearch): Promise<SearchedKey> {
    this.#state.assertOpen();
    return { since, until: since.offset };
  }

  async page(request: PageRequest): Promise<Page> {
    this.#state.assertOpen();
    const channel = this.#state.channels.get(request.channel.key);
    const head = this.#headOf(request.channel);
    if (channel === undefined) return { ...head, entries: [], more: false };
    return { ...head, ...(request.direction === 'after' ? pageAfter(channel, request) : pageBefore(channel, request)) };
  }

  async heads(channels: readonly Channel[]): Promise<readonly ChannelHead[]> {
    this.#state.assertOpen();
    return channels.map((channel) => this.#headOf(channel));
  }

  #headOf(asked: Channel): ChannelHead {
    const channel = this.#state.channels.get(asked.key);
    return { channel: asked, epoch: channel?.epoch, head: channel?.entries.length ?? 0, base: 0 };
  }

  #appendOne(request: AppendRequest): AppendResult {
    const first = this.#firstWithKey(request);
    if (first !== undefined) return { outcome: 'repeated', epoch: first.epoch, offset: first.offset, at: first.at };
    if (request.isRefused) return { outcome: 'refused' };
    if (!this.#knowsUsers(request)) return { outcome: 'unknown-user' };

    const channel = this.#state.ensureChannel(request.channel);
    const last = channel.entries.at(-1);
    const entry = makeEntry(request.channel, request.content, {
      epoch: channel.epoch,
      offset: channel.entries.length + 1,
      at: Math.max(request.at, last?.at ?? 0),
      messages: (last?.messages ?? 0) + 1,
    });
    channel.entries.push(entry);
    channel.recency = this.#state.nextRecency();
    if (entry.key !== undefined) rememberKey(channel, entry, entry.key);
    return { outcome: 'stored', epoch: entry.epoch, offset: entry.offset, at: entry.at, messages: entry.messages };
  }

  #knowsUsers({ mustExist }: AppendRequest): boolean {
    return mustExist.every((id) => this.#state.users.has(id));
  }

  #firstWithKey(request: AppendRequest): Entry | undefined {
    const { from, key } = request.content;
    if (key === undefined) return undefined;
    return this.#state.channels.get(request.channel.key)?.keys.get(from)?.get(key);
  }
}

function rememberKey(channel: MemoryChannel, entry: Entry, key: string): void {
  const keys = channel.keys.get(entry.from);
  if (keys === undefined) channel.keys.set(entry.from, new Map([[key, entry]]));
  else keys.set(key, entry);
}

function pageAfter(channel: MemoryChannel, request: PageRequest): Pick<Page, 'entries' | 'more'> {
  const start = Math.max(request.offset, 0);
  const candidates = channel.entries.slice(start, start + request.limit);
  const entries = candidates.slice(0, countWithin(candidates, request.maxBytes));
  return { entries, more: start + entries.length < channel.entries.length };
}

function pageBefore(channel: MemoryChannel, request: PageRequest): Pick<Page, 'entries' | 'more'> {
  const end = Math.max(Math.min(request.offset - 1, channel.entries.length), 0);
  const candidates = channel.entries.slice(Math.max(end - request.limit, 0), end).reverse();
  const entries = candidates.slice(0, countWithin(candidates, request.maxBytes)).reverse();
  return { entries, more: end - entries.length > 0 };
}

/** How many of the entries, from the first, stay within the bytes; at least one. */
function countWithin(entries: readonly Entry[], maxBytes: number): number {
  let bytes = 0;
  for (const [index, entry] of entries.entries()) {
    bytes += Buffer.byteLength(entry.body);
    if (index > 0 && bytes > maxBytes) return index;
  }
  return entries.length;
}
