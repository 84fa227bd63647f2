// A data folder as schema version 1 made it: later versions must open it. Made by fixtures/make-data-v1.mjs; never remade.

import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import { appendOne, device, direct, message, readLog, user } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';

const FIXTURE = fileURLToPath(new URL('../../fixtures/data-v1', import.meta.url));
const channel = direct('alice', 'bob');

test.each(testedDrivers)('a data folder of schema version 1 opens with everything in it (%s)', async (driver) => {
  const { folder, remove } = await makeDataFolder();
  await cp(FIXTURE, folder, { recursive: true });
  const store = await openSqliteStore({ folder, driver });
  const log = await readLog(store.log, channel);
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
  const { channels: statuses } = await store.directory.channelStatuses(user('bob'), device('phone'), undefined, 10);
  expect(statuses).toMatchObject([{ channel, epoch, head: 3, cursor: 1, read: 1 }]);
  expect(await store.cursors.load([{ user: user('bob'), channel }])).toMatchObject([{ read: 1, delivered: 2 }]);
  expect(await appendOne(store.log, message('alice', 'bob', { key: 'k1' }))).toMatchObject({
    outcome: 'repeated',
    offset: 1,
  });
  expect(await appendOne(store.log, message('alice', 'bob'))).toMatchObject({ outcome: 'stored', offset: 4, epoch });
  await store.close();
  await remove();
});
