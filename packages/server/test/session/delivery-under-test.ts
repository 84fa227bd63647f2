// A hub over logs in an array, with real sessions: over sockets that take what a test allows them, or over whatever outlet the
// test gives them.

import type { Epoch, UserId } from '@longwire/protocol';
import { settled } from '@longwire/test-support/until';
import { expect } from 'vitest';
import { type Channel, type ChannelKey, directChannel, namedReaders } from '../../src/channel/channel.js';
import { addressOf } from '../../src/channel/channel-address.js';
import { type Entry, makeEntry } from '../../src/channel/entry.js';
import { Hub } from '../../src/delivery/hub.js';
import type { LogReader } from '../../src/delivery/log-reader.js';
import type { ClientSession } from '../../src/session/client-session.js';
import { OutboxBudget } from '../../src/session/limits/outbox-budget.js';
import type { ChannelStatus } from '../../src/storage/directory.js';
import type { Page, PageRequest } from '../../src/storage/message-log.js';
import { hubAudience } from '../delivery/hub-audience.js';
import { contentOf } from '../storage/requests.js';
import { type SlowClient, SlowGateway } from './slow-client.js';

const epoch = 'e1' as Epoch;
const PAGE_LIMIT = 4;

export class Delivery {
  readonly budget: OutboxBudget;
  readonly gateway: SlowGateway;
  readonly hub: Hub;
  readonly logs = new Map<ChannelKey, Entry[]>();
  /** Answers to be made, once there is room for a page. */
  readonly asked = new Map<SlowClient, number>();

  constructor(outboxBytes: number, allOutboxesBytes: number, allRingsBytes = 1_000_000, shareFrom = 1) {
    this.budget = new OutboxBudget(allOutboxesBytes);
    this.gateway = new SlowGateway(outboxBytes, this.budget);
    this.hub = new Hub(
      {
        pages: { page: async (request) => this.#page(request) },
        onPageError: (error) => {
          throw error;
        },
        receiptsOf: async () => [],
        readOf: () => 0,
        hidesReceipts: () => false,
        onRingEmptied: () => undefined,
        ...hubAudience(),
        room: this.budget,
      },
      { allRingsBytes, shareFrom, receiptMembers: 32 },
    );
  }

  async connect(user: string): Promise<SlowClient> {
    const client = await this.gateway.connect(user);
    const reader = this.enter(client.session);
    client.onEnd = () => this.hub.leave(reader);
    return client;
  }

  /** Opens a session that begins before the first entry of every channel. */
  enter(session: ClientSession): LogReader {
    const reader = this.hub.enter(session);
    session.reader = reader;
    const statuses = [...this.logs.values()]
      .map((log) => statusOf(log[0]!.channel, log.length))
      .filter(({ channel }) => namedReaders(channel).includes(session.user));
    this.hub.compare(reader, statuses, () => ({ position: 0, gap: undefined }));
    this.hub.finishOpening(reader);
    return reader;
  }

  send(from: string, to: string, bodyBytes: number): void {
    const channel = directChannel(from as UserId, to as UserId);
    const log = this.logs.get(channel.key) ?? [];
    this.logs.set(channel.key, log);
    const entry = entryOf(channel, from as UserId, log.length + 1, bodyBytes);
    log.push(entry);
    this.hub.onRow({ seq: 0, stamp: 0, channel, entry, change: undefined }, undefined, false);
  }

  /** As `history` does: the answer is made when there is room for it. */
  ask(client: SlowClient, bytes: number): void {
    this.asked.set(client, (this.asked.get(client) ?? 0) + 1);
    client.session.whenRoomForPage(async () => client.session.queueText(`{"answer":"${'x'.repeat(bytes)}"}`));
  }

  /** Everybody who is still connected reads on, until nothing more comes. */
  async readAll(): Promise<void> {
    let quietTurns = 0;
    let seen = -1;
    while (quietTurns < 5) {
      for (const client of this.gateway.clients) client.socket.allow(1_000_000);
      await settled();
      const texts = this.gateway.clients.reduce((sum, client) => sum + client.texts.length, 0);
      quietTurns = texts === seen ? quietTurns + 1 : 0;
      seen = texts;
    }
  }

  async close(): Promise<void> {
    await this.gateway.close();
  }

  #page({ channel, offset }: PageRequest): Page {
    const log = this.logs.get(channel.key) ?? [];
    const items = log.slice(offset, offset + PAGE_LIMIT);
    return { channel, epoch, head: log.length, base: 0, items, more: offset + PAGE_LIMIT < log.length };
  }
}

function entryOf(channel: Channel, from: UserId, offset: number, bodyBytes: number): Entry {
  const content = contentOf(from, `"${'x'.repeat(bodyBytes)}"`);
  return makeEntry(channel, content, { epoch, offset, at: 1, messages: offset });
}

function statusOf(channel: Channel, head: number): ChannelStatus {
  const stay = { dueFrom: 1, visibleFrom: 1, left: undefined };
  return { channel, epoch, head, base: 0, ...stay, cursor: 0, read: 0, recency: 1 };
}

/** Offsets by address, and how many answers came. */
export function received(client: Pick<SlowClient, 'texts'>): { offsets: Map<string, number[]>; answers: number } {
  const offsets = new Map<string, number[]>();
  let answers = 0;
  for (const text of client.texts) {
    const message = JSON.parse(text) as { type?: string; channel: string; offset: number };
    if (message.type === 'message') {
      offsets.set(message.channel, [...(offsets.get(message.channel) ?? []), message.offset]);
    } else if (message.type === undefined) answers += 1;
  }
  return { offsets, answers };
}

export function expectEverything(delivery: Delivery, client: SlowClient): void {
  expectEntries(delivery, client);
  expect(received(client).answers).toBe(delivery.asked.get(client) ?? 0);
}

/** Every entry of the user's channels came once and in order. */
export function expectEntries(delivery: Delivery, client: Pick<SlowClient, 'user' | 'texts'>): void {
  const { offsets } = received(client);
  for (const log of delivery.logs.values()) {
    const { channel } = log[0]!;
    if (!namedReaders(channel).includes(client.user)) continue;
    expect(offsets.get(addressOf(channel, client.user))).toEqual(log.map((entry) => entry.offset));
  }
}
