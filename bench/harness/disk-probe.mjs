// What the disk under a data folder does alone, so that a figure in which commits wait for it can be read.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const writes = 300;
/** About what a commit of the log writes under load. */
const writeBytes = 131_072;
const fileBytes = 100 * writeBytes;
const pauseMs = 5;

/**
 * Writes over a file and syncs, again and again, as a log does: the time of one write and sync, in milliseconds.
 * @param {string} folder
 * @returns {Promise<{ p50Ms: number, p99Ms: number }>}
 */
export async function probeDisk(folder) {
  const path = join(folder, 'disk-probe');
  const file = openSync(path, 'w');
  const bytes = Buffer.alloc(writeBytes, 1);
  // The first round makes the file as long as it will be.
  for (let position = 0; position < fileBytes; position += writeBytes) writeSync(file, bytes, 0, writeBytes, position);
  fsyncSync(file);
  /** @type {number[]} */
  const times = [];
  for (let n = 0; n < writes; n++) {
    const start = performance.now();
    writeSync(file, bytes, 0, writeBytes, (n * writeBytes) % fileBytes);
    fsyncSync(file);
    times.push(performance.now() - start);
    await delay(pauseMs);
  }
  closeSync(file);
  await rm(path);
  times.sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => times[Math.floor(times.length * share)] ?? 0;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
