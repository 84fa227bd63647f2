// A process that appends until it is killed, and tells on standard output, line by line, what was acknowledged.
// Arguments: folder, driver, milliseconds between batches, batches (0: no end).

import { writeSync } from 'node:fs';
import { directChannel } from '../../../../dist/channel/channel.js';
import { openSqliteStore } from '../../../../dist/storage/sqlite/sqlite-store.js';

const [folder, driver, pauseMs, batches] = process.argv.slice(2);
const CHANNELS = 20;
const BATCH = 5;

const tell = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

let store;
try {
  store = await openSqliteStore({ folder, driver });
} catch (error) {
  tell({ open: error.code, message: error.message });
  process.exit(3);
}
store.onFatal = (error) => {
  tell({ fatal: error.code, message: error.message });
  process.exit(2);
};
tell({ open: 'ok' });

function request(number) {
  const peer = `peer${number % CHANNELS}`;
  return {
    channel: directChannel('alice', peer),
    content: {
      kind: 'message',
      from: number % 3 === 0 ? peer : 'alice',
      body: JSON.stringify({ number, text: 'x'.repeat(number % 900) }),
      bodyFormat: 'json',
      key: `key-${number}`,
    },
    at: 1_790_000_000_000 + number,
    guard: { rightsVersion: 0, isRefused: false },
    mustExist: [],
  };
}

const start = Number(process.env.FIRST_NUMBER ?? 0);
for (let batch = 0; Number(batches) === 0 || batch < Number(batches); batch += 1) {
  const numbers = Array.from({ length: BATCH }, (_, index) => start + batch * BATCH + index);
  try {
    const { results } = await store.log.append(numbers.map(request), { stamp: 0, isSecondTry: false });
    tell({ acked: numbers.map((number, index) => [number, results[index].offset, results[index].outcome]) });
  } catch (error) {
    tell({ refused: numbers, code: error.code });
    if (error.code !== 'storage_full') break;
  }
  if (batch % 10 === 9) {
    const page = await store.log.page({
      channel: directChannel('alice', 'peer0'),
      direction: 'after',
      offset: 0,
      limit: 200,
      maxBytes: 262_144,
    });
    tell({ read: page.items.length });
  }
  if (Number(pauseMs) > 0) await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
}
try {
  await store.close();
  tell({ closed: true });
} catch (error) {
  tell({ closed: error.code });
}
