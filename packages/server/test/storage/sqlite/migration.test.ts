// Data folders of earlier versions are brought to this one, with a backup, and keep everything.

import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/channel/entry.js';
import { type ChannelName, channelOfName } from '../../../src/storage/channel-name.js';
import { DATABASE_FILE } from '../../../src/storage/sqlite/driver/connection-settings.js';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import { SCHEMA_VERSION } from '../../../src/storage/sqlite/tables/schema.js';
import { appendOne, direct, message, readFeed, readLog } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { straceMissing } from './fault-run.js';
import {
  changeRows,
  contentsOf,
  copyFixture,
  findDifferences,
  fixtures,
  killMigrations,
  schemaVersionIn,
} from './migration-run.js';

const inChannel = (name: string) => `channel = (SELECT id FROM channel WHERE name = '${name}')`;

describe.each(testedDrivers)('a data folder of an earlier schema version, opened through %s,', (driver) => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ folder, remove } = await makeDataFolder());
  });
  afterEach(() => remove());

  test.each(fixtures)('has all entries, cursors and keys it had ($fixture)', async ({ fixture, version }) => {
    copyFixture(fixture, folder, driver);
    const contents = contentsOf(fixture);
    const notices: string[] = [];
    const store = await openSqliteStore({ folder, driver, onNotice: (notice) => notices.push(notice) });
    expect(notices[0]).toMatch(`from schema version ${version} to ${SCHEMA_VERSION}`);
    expect(await findDifferences(store, contents)).toEqual([]);
    for (const log of Object.values(contents.logs)) {
      for (const entry of log as { channel: string; from: string; key?: string; epoch: string; offset: number }[]) {
        if (entry.key === undefined) continue;
        const repeat = message(entry.from, entry.from, {
          channel: channelOfName(entry.channel as ChannelName),
          key: entry.key,
        });
        expect(await appendOne(store.log, repeat)).toMatchObject({
          outcome: 'repeated',
          offset: entry.offset,
          epoch: entry.epoch,
        });
      }
    }
    const [[name, first]] = Object.entries(contents.logs) as [[ChannelName, readonly Entry[]]];
    const { from, epoch, messages } = first.at(-1)!;
    expect(await appendOne(store.log, message(from!, from!, { channel: channelOfName(name) }))).toMatchObject({
      outcome: 'stored',
      offset: first.length + 1,
      messages: messages + 1,
      epoch,
    });
    const fed = (await readFeed(store.log)).map(({ entry }) => entry!);
    for (const log of Object.keys(contents.logs)) {
      const channel = channelOfName(log as ChannelName);
      expect(fed.filter((entry) => entry.channel.key === channel.key)).toEqual(await readLog(store.log, channel));
    }
    await store.close();
  });

  test('keeps its rows of version 1 beside a new entry (data-v1)', async () => {
    copyFixture('data-v1', folder, driver);
    const store = await openSqliteStore({ folder, driver });
    const log = await readLog(store.log, direct('alice', 'bob'));
    expect(log.map(({ offset, from, messages, key, body }) => ({ offset, from, messages, key, body }))).toEqual([
      { offset: 1, from: 'alice', messages: 1, key: 'k1', body: '{"text":"one"}' },
      { offset: 2, from: 'bob', messages: 2, key: 'k2', body: '{"text":"二"}' },
      { offset: 3, from: 'alice', messages: 3, key: undefined, body: '"AQID"' },
    ]);
    const epoch = log[0]?.epoch;
    expect(epoch).toBe('7vn3dq2u-1');
    expect(log[2]).toMatchObject({
      bodyFormat: 'base64',
      slot: 'subject',
      headers: '{"traceparent":"00"}',
      contentType: 'application/octet-stream',
      replyTo: { epoch, offset: 2 },
    });
    expect(await appendOne(store.log, message('alice', 'bob'))).toMatchObject({ outcome: 'stored', offset: 4, epoch });
    await store.close();
  });

  test('has its damage noticed as before: rows keep their form of checksum, and the index is taken over as it is', async () => {
    copyFixture('store-v1-last', folder, driver);
    const { logs } = contentsOf('store-v1-last');
    const [channel, log] = Object.entries(logs).find(([, entries]) => entries.length > 10)!;
    changeRows(folder, driver, `UPDATE entry SET at = at + 1 WHERE offset = 3 AND ${inChannel(channel)}`);
    changeRows(folder, driver, `DELETE FROM entry WHERE offset = 6 AND ${inChannel(channel)}`);
    const store = await openSqliteStore({ folder, driver });
    const page = (offset: number) =>
      store.log.page({
        channel: channelOfName(channel as ChannelName),
        direction: 'after',
        offset,
        limit: 100,
        maxBytes: 1_000_000,
      });
    const { items } = await page(0);
    const unreadable = (offset: number) => ({ from: offset, to: offset, reason: 'unreadable' });
    expect(items.slice(0, 6)).toMatchObject([
      ...[{ offset: 1 }, { offset: 2 }, unreadable(3)],
      ...[{ offset: 4 }, { offset: 5 }, unreadable(6)],
    ]);
    expect(items.at(-1)).toMatchObject({ offset: log.length });
    await store.close();
  });

  test.each(fixtures)(
    'is kept as it was in a backup, which opens when it is put back ($fixture)',
    async ({ fixture, version }) => {
      copyFixture(fixture, folder, driver);
      const before = readFileSync(join(folder, DATABASE_FILE));
      await openSqliteStore({ folder, driver }).then((store) => store.close());
      expect(schemaVersionIn(folder, driver)).toBe(SCHEMA_VERSION);
      const backup = join(folder, `${DATABASE_FILE}.v${version}.bak`);
      expect(readFileSync(backup).equals(before)).toBe(true);
      cpSync(backup, join(folder, DATABASE_FILE));
      const store = await openSqliteStore({ folder, driver });
      const [channel, log] = Object.entries(contentsOf(fixture).logs)[0]!;
      expect(await readLog(store.log, channelOfName(channel as ChannelName))).toHaveLength(log.length);
      await store.close();
    },
  );

  test('is not touched again, and its backup not made again, once it has this version', async () => {
    copyFixture('store-v1-last', folder, driver);
    await openSqliteStore({ folder, driver }).then((store) => store.close());
    const backup = join(folder, `${DATABASE_FILE}.v1.bak`);
    rmSync(backup);
    const notices: string[] = [];
    const store = await openSqliteStore({ folder, driver, onNotice: (notice) => notices.push(notice) });
    expect(await findDifferences(store, contentsOf('store-v1-last'))).toEqual([]);
    await store.close();
    expect(notices).toEqual([]);
    expect(existsSync(backup)).toBe(false);
  });

  test.skipIf(straceMissing)(
    `is of one version or the other after SIGKILL at any call, and goes on ${straceMissing ?? ''}`,
    { timeout: 120_000 },
    async () => {
      expect(await killMigrations(fixtures[1], driver, { pwrite64: 127, fsync: 9, rename: 2 })).toEqual([]);
      expect(await killMigrations(fixtures[2], driver, { pwrite64: 127, fsync: 9, rename: 2 })).toEqual([]);
    },
  );
});
