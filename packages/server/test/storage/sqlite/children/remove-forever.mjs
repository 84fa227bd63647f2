// A process that appends and removes until it is killed, and reports on standard output, line by line, what was acknowledged.
// Arguments: folder, driver.

import { writeSync } from 'node:fs';
import { directChannel } from '../../../../dist/channel/channel.js';
import { openSqliteStore } from '../../../../dist/storage/sqlite/sqlite-store.js';

const [folder, driver] = process.argv.slice(2);
const CHANNELS = 3;
const BATCH = 12;

const report = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
// Few keys are promised, so that rows are deleted.
const store = await openSqliteStore({ folder, driver, keyWindowEntries: 16 });
report({ open: 'ok' });

const peers = Array.from({ length: CHANNELS }, (_, index) => `peer${index}`);
const channelOf = (peer) => directChannel('alice', peer);
const { heads } = await store.log.heads(peers.map(channelOf));
const newest = heads.map(({ head }) => head);

const request = (number) => ({
  channel: channelOf(peers[number % CHANNELS]),
  content: {
    kind: 'message',
    from: number % 4 === 0 ? peers[number % CHANNELS] : 'alice',
    body: JSON.stringify({ number, text: 'x'.repeat(number % 300) }),
    bodyFormat: 'json',
    key: `key-${number}`,
  },
  at: 1_790_000_000_000,
  guard: { rightsVersion: 0, isRefused: false },
  mustExist: [],
});

async function maintain(first, name) {
  let step = first;
  for (;;) {
    const progress = await store.log.maintain(step, 0);
    if (progress.isDone) break;
    step = progress.next;
  }
  report(name);
}

for (let round = 0; ; round += 1) {
  const numbers = Array.from({ length: BATCH }, (_, index) => round * BATCH + index);
  const { results } = await store.log.append(numbers.map(request), { stamp: 0, isSecondTry: false });
  for (const [index, { outcome, offset }] of results.entries()) {
    if (outcome === 'stored') newest[numbers[index] % CHANNELS] = offset;
  }
  const peer = round % CHANNELS;
  const channel = channelOf(peers[peer]);
  report({ appended: newest });
  const offset = Math.max(1, newest[peer] - (round % 7));
  await maintain({ kind: 'remove', channel, offsets: [offset], reason: 'removed' }, { removed: offset, peer });
  if (round % 4 === 3) {
    const through = newest[peer] - 5;
    await maintain({ kind: 'trim', channel, through, after: undefined }, { trimmed: through, peer });
  }
  if (round % 9 === 8) {
    await maintain({ kind: 'erase', user: peers[peer], after: undefined }, { erased: newest[peer], peer });
  }
}
