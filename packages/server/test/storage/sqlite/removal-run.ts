// Runs a process that appends and removes, kills it, and checks that what it acknowledged is so, and that nothing else is
// wrong: every offset once, in one of its two states, and the use of each sender exactly what is stored.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { contentBytes } from '../../../src/channel/entry.js';
import { isGap } from '../../../src/channel/log-item.js';
import { unlimitedQuotas } from '../../../src/storage/quotas.js';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import { maintain } from '../maintenance-contract.js';
import { appendOne, direct, message, readItems } from '../requests.js';
import type { TestedDriver } from './data-folder.js';
import { integrityOf } from './fault-run.js';

const CHILD = fileURLToPath(new URL('./children/remove-forever.mjs', import.meta.url));
const PEERS = ['peer0', 'peer1', 'peer2'];
const compiler = process.execArgv.filter((flag) => flag === '--liftoff-only');

type Line = Partial<{
  appended: readonly number[];
  removed: number;
  trimmed: number;
  erased: number;
  peer: number;
}>;

interface Folder {
  readonly folder: string;
  readonly driver: TestedDriver;
}

/** @returns what was acknowledged until SIGKILL, `delayMs` after so many lines */
export async function runRemover(
  { folder, driver }: Folder,
  killAfter: { readonly lines: number; readonly delayMs: number },
): Promise<Line[]> {
  const child = spawn(process.execPath, [...compiler, CHILD, folder, driver], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: Line[] = [];
  const lines = createInterface({ input: child.stdout! });
  lines.on('line', (text) => {
    acknowledged.push(JSON.parse(text) as Line);
    if (acknowledged.length === killAfter.lines) setTimeout(() => child.kill('SIGKILL'), killAfter.delayMs);
  });
  await Promise.all([once(child, 'exit'), once(lines, 'close')]);
  return acknowledged;
}

/** What contradicts the promise; empty when all is well. */
export async function findWrongRemovals(where: Folder, acknowledged: readonly Line[]): Promise<string[]> {
  const wrong: string[] = [];
  const store = await openSqliteStore(where);
  const stored = new Map<string, number>();
  for (const [index, peer] of PEERS.entries()) {
    const gone = new Set<number>();
    let next = 1;
    for (const item of await readItems(store.log, direct('alice', peer))) {
      const [from, to] = isGap(item) ? [item.from, item.to] : [item.offset, item.offset];
      if (from !== next) wrong.push(`${peer}: ${from} stands behind ${next - 1}`);
      next = to + 1;
      if (!isGap(item)) {
        stored.set(item.from!, (stored.get(item.from!) ?? 0) + contentBytes(item));
        continue;
      }
      if (item.reason === 'unreadable') wrong.push(`${peer}: ${from} to ${to} cannot be read`);
      for (let offset = from; offset <= to; offset += 1) gone.add(offset);
    }
    for (const { appended, removed, trimmed, peer: of } of acknowledged) {
      if (appended !== undefined && appended[index]! >= next) wrong.push(`${peer}: ${appended[index]} is lost`);
      if (of !== index) continue;
      if (removed !== undefined && !gone.has(removed)) wrong.push(`${peer}: ${removed} is not removed`);
      for (let offset = 1; offset <= (trimmed ?? 0); offset += 1) {
        if (!gone.has(offset)) wrong.push(`${peer}: ${offset} is not trimmed`);
      }
    }
  }
  // A trim that was interrupted is given again: until then what it did not come to counts as stored.
  const { heads } = await store.log.heads(PEERS.map((peer) => direct('alice', peer)));
  for (const { channel, base } of heads) {
    await maintain(store.log, { kind: 'trim', channel, through: base, after: undefined });
  }
  await store.close();
  for (const sender of ['alice', ...PEERS]) {
    const bytes = stored.get(sender) ?? 0;
    if (!(await isUseExactly(where, sender, bytes))) wrong.push(`the use of ${sender} is not ${bytes} bytes`);
  }
  const integrity = integrityOf(where.folder);
  if (integrity !== 'ok') wrong.push(`integrity check: ${integrity}`);
  return wrong;
}

/** By the quotas: with so much there is no room for a byte, and with one more for one. Stores nothing that stays. */
async function isUseExactly(where: Folder, sender: string, bytes: number): Promise<boolean> {
  const outcomes: string[] = [];
  for (const storedBytesPerUser of [bytes, bytes + 1]) {
    const store = await openSqliteStore({ ...where, quotas: { ...unlimitedQuotas, storedBytesPerUser } });
    const { outcome, ...result } = await appendOne(store.log, message(sender, 'probe', { body: '1' }));
    outcomes.push(outcome);
    if (outcome === 'stored' && 'offset' in result) {
      const removal = { kind: 'remove', channel: direct(sender, 'probe'), offsets: [result.offset] } as const;
      await store.log.maintain({ ...removal, reason: 'removed' });
    }
    await store.close();
  }
  return outcomes.join() === 'quota,stored';
}
