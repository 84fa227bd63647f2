// What is on disk after the power fails: everything but the writes whose sync failed and that were not written again. Linux
// reports a failed sync once and marks the pages clean, so that reads go on showing what is not there.

import { closeSync, cpSync, openSync, readFileSync, readSync, statSync, truncateSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeDataFolder, type TestedDriver } from './data-folder.js';
import { findBrokenPromises, integrityOf, runAppender, WRITTEN_FILES } from './fault-run.js';

interface Range {
  readonly file: string;
  readonly start: number;
  readonly length: number;
}

/** Calls on the database and its log, as `strace -y -s 0` wrote them down. */
interface TracedCalls {
  readonly writes: readonly Range[];
  /** Written, and not on disk: after a sync that failed, a later one does not write these again. */
  readonly unsynced: readonly Range[];
}

/**
 * The n-th sync of a store fails, the store is opened again on the same pages, and the power is cut at a later sync.
 * @returns what contradicts the promises, and how much was acknowledged after the failure
 */
export async function cutPowerAfterFailedSync(
  driver: TestedDriver,
  nth: number,
): Promise<{ readonly faults: readonly string[]; readonly acked: number }> {
  const { folder, remove } = await makeDataFolder();
  const disk = await makeDataFolder();
  try {
    const traceTo = join(disk.folder, 'trace');
    const failed = await runAppender({ folder, driver, batches: 40, inject: `fsync:error=EIO:when=${nth}`, traceTo });
    const data = join(disk.folder, 'data');
    copyWithout(folder, data, readTrace(traceTo).unsynced);

    const inject = 'fsync:signal=SIGKILL:when=20';
    const restarted = await runAppender({ folder, driver, batches: 40, firstNumber: 1_000, inject, traceTo });
    writeSince(folder, data, readTrace(traceTo).writes);
    const faults = await findBrokenPromises({ folder: data, driver }, [failed, restarted]);
    if (failed.fatal !== 'fatal' && failed.openedAs !== 'fatal') faults.push('the failed sync did not end the store');
    if (restarted.openedAs !== 'ok' || restarted.isClosed) faults.push(`the restart: ${restarted.openedAs}`);
    const integrity = integrityOf(data);
    if (integrity !== 'ok') faults.push(`integrity check: ${integrity}`);
    return { faults: faults.map((fault) => `fsync ${nth}: ${fault}`), acked: restarted.acked.size };
  } finally {
    await Promise.all([remove(), disk.remove()]);
  }
}

function readTrace(traceFile: string): TracedCalls {
  const writes: Range[] = [];
  let dirty: Range[] = [];
  let lost: Range[] = [];
  for (const line of wholeCalls(readFileSync(traceFile, 'utf8'))) {
    const call = /(\w+)\(\d+<([^>]+)>(?:, ""\.*, (\d+), (\d+))?/.exec(line);
    if (call === null) continue;
    const [, name, path, length, start] = call;
    const file = basename(path!);
    const hasFailed = line.includes('= -1');
    if (name === 'pwrite64' && !hasFailed) {
      const range = { file, length: Number(length), start: Number(start) };
      writes.push(range);
      dirty.push(range);
      lost = lost.filter((other) => other.file !== file || other.start !== range.start);
    } else if (name === 'fsync' || name === 'fdatasync') {
      if (hasFailed) lost.push(...dirty.filter((range) => range.file === file));
      dirty = dirty.filter((range) => range.file !== file);
    }
  }
  return { writes, unsynced: [...lost, ...dirty] };
}

/** One line for each call: where another thread came in between, strace writes its beginning and its end apart. */
function wholeCalls(trace: string): string[] {
  const begun = new Map<string | undefined, string>();
  return trace.split('\n').flatMap((line) => {
    const [, thread, text = ''] = /^(\d+) +(.*)/.exec(line) ?? [];
    const [, beginning] = /(.*) <unfinished \.\.\.>$/.exec(text) ?? [];
    if (beginning !== undefined) {
      begun.set(thread, beginning);
      return [];
    }
    const [, end] = /^<\.\.\. \w+ resumed>(.*)/.exec(text) ?? [];
    return [end === undefined ? text : `${begun.get(thread)}${end}`];
  });
}

/** A copy of the folder as it is on disk when the writes of these ranges never got there. */
function copyWithout(folder: string, to: string, lost: readonly Range[]): void {
  cpSync(folder, to, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  for (const { file, start, length } of lost) {
    const size = statSync(join(to, file), { throwIfNoEntry: false })?.size ?? 0;
    const end = Math.min(start + length, size);
    if (end > start) writeSync(openSync(join(to, file), 'r+'), Buffer.alloc(end - start), 0, end - start, start);
  }
}

/** Brings a disk up to what was written since: those ranges as they are now, and the present lengths. */
function writeSince(folder: string, disk: string, writes: readonly Range[]): void {
  for (const file of WRITTEN_FILES) {
    const size = statSync(join(folder, file)).size;
    // Also if it was not there.
    closeSync(openSync(join(disk, file), 'a'));
    truncateSync(join(disk, file), size);
    const from = openSync(join(folder, file), 'r');
    const to = openSync(join(disk, file), 'r+');
    for (const { start, length } of writes.filter((range) => range.file === file)) {
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - start)));
      readSync(from, bytes, 0, bytes.byteLength, start);
      writeSync(to, bytes, 0, bytes.byteLength, start);
    }
  }
}
