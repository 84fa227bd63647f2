// What is on disk after the power fails: everything but the writes whose sync failed and that were not written again. Linux
// reports a failed sync once and marks the pages clean, so that reads go on showing what is not there.

import { cpSync, openSync, readFileSync, readSync, statSync, truncateSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { WRITTEN_FILES } from './fault-run.js';

interface Range {
  readonly file: string;
  readonly start: number;
  readonly length: number;
}

/** Calls on the database and its log, as `strace -y -s 0` wrote them down. */
export interface TracedCalls {
  readonly writes: readonly Range[];
  /** Written after the last sync of their file that succeeded. */
  readonly unsynced: readonly Range[];
}

export function readTrace(path: string): TracedCalls {
  const writes: Range[] = [];
  let unsynced: Range[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const call = /(\w+)\(\d+<([^>]+)>(?:, ""\.*, (\d+), (\d+))?/.exec(line);
    if (call === null || line.includes('= -1')) continue;
    const [, name, file, length, start] = call;
    const range = { file: basename(file!), length: Number(length), start: Number(start) };
    if (name === 'pwrite64') {
      writes.push(range);
      unsynced.push(range);
    } else if (name === 'fsync' || name === 'fdatasync') {
      unsynced = unsynced.filter(({ file: written }) => written !== range.file);
    }
  }
  return { writes, unsynced };
}

/** A copy of the folder as it is on disk when the writes of these ranges never got there. */
export function copyWithout(folder: string, to: string, lost: readonly Range[]): void {
  cpSync(folder, to, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  for (const { file, start, length } of lost) {
    const end = Math.min(start + length, statSync(join(to, file)).size);
    if (end > start) writeSync(openSync(join(to, file), 'r+'), Buffer.alloc(end - start), 0, end - start, start);
  }
}

/** Brings a disk up to what was written since: those ranges as they are now, and the present lengths. */
export function writeSince(folder: string, disk: string, writes: readonly Range[]): void {
  for (const file of WRITTEN_FILES) {
    const size = statSync(join(folder, file)).size;
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
