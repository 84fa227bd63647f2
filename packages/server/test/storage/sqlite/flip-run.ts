// Flips single bits of a database file and reads everything: each read must be right, or fail as damaged, or tell of the
// damage that it passed over.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UserId } from '@longwire/protocol';
import { announcements, type Channel } from '../../../src/channel/channel.js';
import type { LogItem } from '../../../src/channel/log-item.js';
import { ServerError } from '../../../src/errors.js';
import { nameOf } from '../../../src/storage/channel-name.js';
import { DATABASE_FILE } from '../../../src/storage/sqlite/driver/connection-settings.js';
import type { SqliteEngine } from '../../../src/storage/sqlite/engine.js';
import { GENERATION_FILE } from '../../../src/storage/sqlite/folder/lineage.js';
import {
  changeOf,
  control,
  device,
  direct,
  directName,
  entryIn,
  FIRST_AT,
  group,
  inbox,
  joins,
  lastOffset,
  leaves,
  message,
  user,
} from '../requests.js';
import { makeDataFolder, type TestedDriver } from './data-folder.js';
import { append, maintain, openEngine, placeAll, readPage } from './engine-under-test.js';

const PAGE_BYTES = 4096;
const PEERS = 12;
const ENTRIES = 400;
const PHONE = device('phone');
const pairs = Array.from({ length: PEERS }, (_, peer) => directName('alice', `peer${peer}`));
const eng = group('eng');
const channels = [...pairs, ...[eng, inbox('alice'), announcements].map(nameOf)];
const readers = ['alice', 'peer3', 'peer5'].map(user);

export interface FlipReport {
  readonly flips: number;
  /** How many flips at least one read (or the opening) noticed. */
  readonly noticed: number;
  /** Reads that were neither right nor reported. */
  readonly wrong: readonly string[];
}

/** Pages of indexes (and of tables without rowid) carry no checksum of ours, so flips there get a run of their own. */
export type FlippedPages = 'all' | 'index';

export async function flipBits(
  driver: TestedDriver,
  flips: number,
  seed: number,
  pages: FlippedPages = 'all',
): Promise<FlipReport> {
  const { folder, remove } = await makeDataFolder();
  try {
    const truth = build(folder, driver);
    const file = join(folder, DATABASE_FILE);
    const generation = join(folder, GENERATION_FILE);
    const intact = readFileSync(file);
    const intactGeneration = readFileSync(generation);
    const random = randomFrom(seed);
    const flippable = pages === 'all' ? allPages(intact) : allPages(intact).filter((page) => isIndexPage(intact, page));
    const wrong: string[] = [];
    let noticed = 0;
    for (let flip = 0; flip < flips; flip += 1) {
      const page = flippable[Math.floor(random() * flippable.length)]!;
      const byte = page * PAGE_BYTES + Math.floor(random() * PAGE_BYTES);
      const bit = Math.floor(random() * 8);
      const damaged = Buffer.from(intact);
      damaged[byte]! ^= 1 << bit;
      writeFileSync(file, damaged);
      // Each opening raises it; the fresh copy would count as put back by hand.
      writeFileSync(generation, intactGeneration);
      rmSync(`${file}-wal`, { force: true });
      const found = compare(folder, driver, truth);
      if (found.reported) noticed += 1;
      for (const text of found.wrong)
        wrong.push(`bit ${bit} of byte ${byte} (page ${page + 1}, ${byte % PAGE_BYTES}): ${text}`);
    }
    return { flips, noticed, wrong };
  } finally {
    await remove();
  }
}

/** Counted from 0. */
function allPages(file: Buffer): number[] {
  return Array.from({ length: file.byteLength / PAGE_BYTES }, (_, page) => page);
}

/** https://sqlite.org/fileformat2.html#b_tree_pages: 2 is an interior, 10 a leaf page of an index b-tree. */
function isIndexPage(file: Buffer, page: number): boolean {
  const type = file[page * PAGE_BYTES];
  return type === 2 || type === 10;
}

type Truth = ReadonlyMap<string, string>;

function build(folder: string, driver: TestedDriver): Truth {
  // Few keys are promised, so that trimming deletes rows.
  const engine = openEngine(folder, driver, 64);
  const random = randomFrom(1);
  for (let start = 0; start < ENTRIES; start += 100) {
    const batch = Array.from({ length: 100 }, (_, index) => {
      const peer = `peer${Math.floor(random() * PEERS)}`;
      const body = JSON.stringify({ text: 'y'.repeat(Math.floor(random() * 300)) });
      const [from, to] = random() < 0.5 ? ['alice', peer] : [peer, 'alice'];
      return message(from, to, { body, key: `key-${start + index}`, at: FIRST_AT + start, rightsVersion: 'any' });
    });
    append(engine, ...batch);
    changeGroup(engine, start / 100);
    // The places of the last quarter stay in memory.
    if (start === ENTRIES - 200) placeAll(engine);
  }
  const [first, second, third] = pairs;
  maintain(engine, { kind: 'remove', channel: first!, offsets: [2, 3, 9], reason: 'removed' }, 5);
  maintain(engine, { kind: 'trim', channel: second!, through: 7, after: undefined }, 5);
  maintain(engine, { kind: 'trim', channel: third!, through: 1_000, after: undefined }, 5);
  maintain(engine, { kind: 'erase', user: user('peer5'), after: undefined }, 5);
  engine.write([
    {
      command: 'test',
      apply: (self) => {
        self.openDevice({
          user: user('alice'),
          device: PHONE,
          mustExist: { user: false, device: false },
          at: FIRST_AT,
          inUse: [],
          unfinished: undefined,
        });
        const batch = channels.map((channel, index) => ({
          user: user('alice'),
          channel,
          read: index % 7,
          delivered: index % 9,
          devices: new Map([[PHONE, index % 8]]),
        }));
        self.writeCursors({ batch, at: FIRST_AT });
      },
      fail: ({ message: text }) => {
        throw new Error(text);
      },
    },
  ]);
  const truth = new Map<string, string>();
  for (const [name, read] of readsOf(engine)) truth.set(name, read());
  truth.set('era', engine.era);
  engine.close();
  return truth;
}

/** Members join and leave, and write; settings and blocks change; what is said to one or to all. */
function changeGroup(engine: SqliteEngine, round: number): void {
  const versionIn = (channel: Channel) => {
    const [found] = engine.rights([nameOf(channel)]).rights;
    return found === undefined || found === 'damaged' ? 0 : found.version;
  };
  const entry = (channel: Channel, from: string | undefined, fields: Parameters<typeof entryIn>[2] = {}) =>
    entryIn(channel, from, { rightsVersion: versionIn(channel), ...fields });
  const peers = Array.from({ length: PEERS }, (_, peer) => `peer${peer}`);
  const coming = peers.filter((_, peer) => peer % 3 !== round % 3);
  const going = peers.filter((_, peer) => peer % 3 === round % 3);
  const members = [joins('alice', 'owner', 'start'), ...coming.map((peer) => joins(peer)), ...going.map(leaves)];
  append(engine, entry(eng, 'alice', { kind: 'member', change: changeOf({ members }) }));
  append(engine, control(eng, versionIn(eng), { settings: JSON.stringify({ round, title: 'z'.repeat(90) }) }));
  const pair = direct('alice', `peer${round}`);
  append(engine, control(pair, versionIn(pair), { blocks: [{ by: user('alice'), isBlocked: round % 2 === 0 }] }));
  for (const from of ['alice', 'peer3', 'peer5', 'alice']) {
    append(engine, ...Array.from({ length: 8 }, () => entry(eng, from)), entry(eng, from, { kind: 'react' }));
  }
  append(engine, entry(inbox('alice'), undefined, { by: `app${round}` }));
  append(engine, entry(announcements, undefined, { by: 'app0', expiresAt: FIRST_AT + round }));
}

/** Every read of the store by a name, each as a text that can be compared. */
function readsOf(engine: SqliteEngine): [string, () => string][] {
  const reads: [string, () => string][] = [];
  for (const channel of channels) {
    reads.push([`log of ${channel}`, () => JSON.stringify(readAll(engine, channel))]);
    reads.push([`head of ${channel}`, () => JSON.stringify(engine.heads([channel]))]);
    reads.push([`rights of ${channel}`, () => JSON.stringify(engine.rights([channel]))]);
    for (const reader of readers) {
      reads.push([
        `description of ${channel} for ${reader}`,
        () => JSON.stringify(engine.describe({ user: reader, channels: [{ channel, read: 0 }], maxLastBytes: 1_000 })),
      ]);
    }
  }
  for (const reader of readers) {
    reads.push([`channelStatuses of ${reader}`, () => JSON.stringify(readChannelStatuses(engine, reader))]);
    reads.push([`stays of ${reader}`, () => JSON.stringify(engine.stays({ user: reader, channels: [nameOf(eng)] }))]);
  }
  const members = (after: UserId | undefined) => engine.members({ channel: nameOf(eng), after, limit: 5 });
  reads.push(['members', () => JSON.stringify([members(undefined), members(members(undefined).next)])]);
  return reads;
}

/** Without `recency`, which sorts conversations and decides nothing: it is read from the index, which has no checksum. */
function readChannelStatuses(engine: SqliteEngine, reader: UserId) {
  const { channels: statuses } = engine.channelStatuses({
    user: reader,
    device: PHONE,
    after: undefined,
    limit: 1_000,
  });
  return statuses.map(({ recency: _recency, ...status }) => status);
}

function readAll(engine: SqliteEngine, channel: (typeof channels)[number]): LogItem[] {
  const items: LogItem[] = [];
  for (;;) {
    const offset = lastOffset(items);
    const page = readPage(engine, { channel, direction: 'after', offset, limit: 200, maxBytes: 262_144 });
    items.push(...page.items);
    if (!page.more) return items;
  }
}

function compare(folder: string, driver: TestedDriver, truth: Truth): { reported: boolean; wrong: string[] } {
  let engine: SqliteEngine;
  const damage: ServerError[] = [];
  try {
    engine = openEngine(folder, driver, undefined, (met) => damage.push(met));
  } catch (error) {
    return { reported: true, wrong: isReport(error) ? [] : [`opening threw ${String(error)}`] };
  }
  const wrong: string[] = [];
  // A new era tells every client that what it knows may not hold.
  let reported = engine.era !== truth.get('era');
  for (const [name, read] of readsOf(engine)) {
    damage.length = 0;
    try {
      const isRight = read() === truth.get(name);
      if (damage.length > 0) reported = true;
      else if (!isRight && engine.era === truth.get('era')) wrong.push(`${name} is wrong`);
    } catch (error) {
      if (isReport(error)) reported = true;
      else wrong.push(`${name} threw ${String(error)}`);
    }
  }
  try {
    engine.close();
  } catch {
    // A damaged file may not even be checkpointed; the next flip starts from a fresh copy.
  }
  return { reported, wrong };
}

function isReport(error: unknown): boolean {
  if (error instanceof ServerError) return error.code === 'corrupt' || error.code === 'newer_schema';
  // What the drivers throw is translated by the work loop: a damaged database is `corrupt`.
  return error instanceof Error && error.name === 'SqlFailure' && 'kind' in error && error.kind === 'corrupt';
}

/** Lehmer's generator: the same flips for the same seed. */
function randomFrom(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state - 1) / 2_147_483_646;
  };
}
