// Random histories against a model that could not be simpler, with restarts where the engine survives them.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RemovalReason } from '../../src/channel/entry.js';
import { isGap, type LogItem } from '../../src/channel/log-item.js';
import { type ChannelName, channelOfName, nameOf } from '../../src/storage/channel-name.js';
import type { AppendResult } from '../../src/storage/message-log.js';
import type { Store } from '../../src/storage/store.js';
import { maintain } from './maintenance-contract.js';
import {
  append,
  device,
  direct,
  directName,
  FIRST_AT,
  headsOf,
  lastOffset,
  type MessageRequest,
  message,
  readItems,
  user,
} from './requests.js';
import type { StoreFactory } from './store-under-test.js';

const NAMES = ['ann', 'ben', 'cat'] as const;
const DEVICE = device('only');
const RUNS = 100;
const RUNS_ON_DISK = 12;

interface ModelEntry {
  readonly from: string;
  /** Undefined as well once the sender was erased. */
  key: string | undefined;
  readonly body: string;
  readonly at: number;
  /** Why it is gone. */
  removed: RemovalReason | undefined;
}

/** Logs and read cursors as plain arrays and maps. */
class Model {
  readonly logs = new Map<ChannelName, ModelEntry[]>();
  readonly reads = new Map<string, number>();
  readonly bases = new Map<ChannelName, number>();
  readonly #suffix: string;

  constructor(suffix: string) {
    this.#suffix = suffix;
  }

  name(base: string): string {
    return base + this.#suffix;
  }

  append(request: MessageRequest): { outcome: AppendResult['outcome']; offset?: number; at?: number } {
    const log = this.logs.get(nameOf(request.channel)) ?? [];
    const { content } = request;
    const index = log.findIndex(({ from, key }) => key !== undefined && from === content.from && key === content.key);
    if (index >= 0) return { outcome: 'repeated', offset: index + 1, at: log[index]!.at };
    if (request.guard.isRefused) return { outcome: 'refused' };
    const at = Math.max(request.at, log.at(-1)?.at ?? 0);
    log.push({ from: content.from, key: content.key, body: content.body, at, removed: undefined });
    this.logs.set(nameOf(request.channel), log);
    return { outcome: 'stored', offset: log.length, at };
  }

  trim(channel: ChannelName, through: number): void {
    const log = this.logs.get(channel) ?? [];
    const base = Math.max(this.bases.get(channel) ?? 0, Math.min(through, log.length));
    this.bases.set(channel, base);
  }

  remove(channel: ChannelName, offset: number): void {
    const entry = this.logs.get(channel)?.[offset - 1];
    if (entry !== undefined) entry.removed ??= 'removed';
  }

  erase(name: string): void {
    for (const log of this.logs.values()) {
      for (const entry of log) {
        if (entry.from === name) Object.assign(entry, { removed: 'erased', key: undefined });
      }
    }
  }

  /** Every offset as a page has it. */
  outline(channel: ChannelName): unknown[] {
    const base = this.bases.get(channel) ?? 0;
    return (this.logs.get(channel) ?? []).map(({ from, key, body, at, removed }, index) => {
      if (index < base) return 'expired';
      return removed ?? { from, key, body, at, offset: index + 1, messages: index + 1 };
    });
  }

  unread(channel: ChannelName, name: string): number {
    const read = Math.max(this.reads.get(`${channel} ${name}`) ?? 0, this.bases.get(channel) ?? 0);
    return (this.logs.get(channel) ?? []).slice(read).filter(({ from }) => from !== name).length;
  }
}

const nameArb = fc.constantFrom(...NAMES);
const requestArb = fc.record({
  from: nameArb,
  to: nameArb,
  key: fc.option(fc.constantFrom('k1', 'k2', 'k3', 'k4'), { nil: undefined }),
  body: fc.json({ maxDepth: 1 }),
  at: fc.integer({ min: 0, max: 5 }),
  isRefused: fc.boolean(),
  hasSince: fc.boolean(),
});
const stepArb = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      type: fc.constant('append' as const),
      batch: fc.array(requestArb, { minLength: 1, maxLength: 8 }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constant('read' as const),
      name: nameArb,
      peer: nameArb,
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom('trim' as const, 'remove' as const, 'erase' as const),
      name: nameArb,
      peer: nameArb,
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const) }) },
);
type Step = typeof stepArb extends fc.Arbitrary<infer Value> ? Value : never;

export function describeModelContract(name: string, create: StoreFactory): void {
  describe(`${name} does what the naive model does`, () => {
    test('random batches with repeats, refusals, reads and restarts', async () => {
      const tested = await create();
      let { store } = tested;
      let run = 0;
      try {
        await fc.assert(
          fc.asyncProperty(fc.array(stepArb, { minLength: 1, maxLength: 25 }), async (steps) => {
            // One store for all runs, each with users of its own: opening costs more than a run.
            run += 1;
            const model = new Model(`-${run}`);
            for (const step of steps) {
              if (step.type === 'restart') store = (await tested.restart?.()) ?? store;
              else await runStep(store, model, step);
            }
            await compare(store, model);
          }),
          { numRuns: tested.restart === undefined ? RUNS : RUNS_ON_DISK },
        );
      } finally {
        await tested.dispose();
      }
    }, 60_000);
  });
}

async function runStep(store: Store, model: Model, step: Exclude<Step, { type: 'restart' }>): Promise<void> {
  if (step.type === 'append') return await runAppend(store, model, step.batch);
  const name = model.name(step.name);
  const channel = direct(name, model.name(step.peer));
  const log = model.logs.get(nameOf(channel));
  if (log === undefined) return;
  const key = nameOf(channel);
  switch (step.type) {
    case 'trim': {
      const through = Math.floor(step.part * log.length);
      model.trim(key, through);
      await maintain(store.log, { kind: 'trim', channel, through, after: undefined });
      return;
    }
    case 'remove': {
      const offset = Math.ceil(step.part * log.length);
      model.remove(key, offset);
      await maintain(store.log, { kind: 'remove', channel, offsets: [offset], reason: 'removed' });
      return;
    }
    case 'erase':
      model.erase(name);
      await maintain(store.log, { kind: 'erase', user: user(name), after: undefined });
      return;
  }
  const id = `${key} ${name}`;
  const read = Math.round(step.part * log.length);
  await store.cursors.write(
    [{ user: user(name), channel, read, delivered: read, devices: new Map([[DEVICE, read]]) }],
    FIRST_AT,
  );
  model.reads.set(id, Math.max(model.reads.get(id) ?? 0, read));
}

type AppendStep = Extract<Step, { type: 'append' }>;

async function runAppend(store: Store, model: Model, batch: AppendStep['batch']): Promise<void> {
  const channels = batch.map(({ from, to }) => direct(model.name(from), model.name(to)));
  const heads = await headsOf(store.log, channels);
  const requests = batch.map(({ from, to, hasSince, at, ...fields }, index) => {
    const epoch = heads[index]?.epoch;
    const since = hasSince && epoch !== undefined ? { epoch, offset: 0 } : undefined;
    return message(model.name(from), model.name(to), { ...fields, since, at: FIRST_AT + at });
  });
  const results = await append(store.log, requests);
  expect(results).toMatchObject(requests.map((request) => model.append(request)));
}

async function compare(store: Store, model: Model): Promise<void> {
  for (const [channel, log] of model.logs) {
    const items = await readItems(store.log, channelOfName(channel));
    expect(items.flatMap(contentsOf)).toEqual(model.outline(channel));
    expect(lastOffset(items)).toBe(log.length);
  }
  for (const name of NAMES.map((base) => model.name(base))) {
    const channels = NAMES.map((peer) => directName(name, model.name(peer))).filter((channel) =>
      model.logs.has(channel),
    );
    const described = await store.directory.describe(
      user(name),
      channels.map((channel) => ({ channel: channelOfName(channel), read: 0 })),
      1_000,
    );
    expect(described.map(({ channel, unread, head }) => ({ channel: nameOf(channel), unread, head }))).toEqual(
      channels.map((channel) => ({
        channel,
        unread: model.unread(channel, name),
        head: model.logs.get(channel)?.length,
      })),
    );
    const { channels: statuses } = await store.directory.channelStatuses(user(name), DEVICE, undefined, 100);
    expect(new Map(statuses.map(({ channel, read }) => [nameOf(channel), read]))).toEqual(
      new Map(channels.map((channel) => [channel, model.reads.get(`${channel} ${name}`) ?? 0])),
    );
  }
}

/** One for each offset. */
function contentsOf(item: LogItem): unknown[] {
  if (isGap(item)) return Array.from({ length: item.to - item.from + 1 }, () => item.reason);
  const { from, key, body, at, offset, messages } = item;
  return [{ from, key, body, at, offset, messages }];
}
