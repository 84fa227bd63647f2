// CPU time of another process, as the kernel counted it: user and system, all threads. Linux only.
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in 1/100 s for user space, whatever the kernel's own tick is. */
const tickMs = 10;

/** @typedef {{ userMs: number, systemMs: number }} CpuTime */

/**
 * @param {number} pid
 * @returns {CpuTime}
 */
export function cpuOfProcess(pid) {
  return cpuFromStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/**
 * By thread, in the order in which they were made: the first is the one that runs JavaScript.
 * @param {number} pid
 * @returns {Map<string, CpuTime>}
 */
export function cpuOfThreads(pid) {
  const threads = readdirSync(`/proc/${pid}/task`).sort((left, right) => Number(left) - Number(right));
  return new Map(
    threads.map((thread) => [thread, cpuFromStat(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8'))]),
  );
}

/**
 * @param {CpuTime} before
 * @param {CpuTime} after
 * @returns {number} milliseconds
 */
export function cpuBetween(before, after) {
  return after.userMs + after.systemMs - before.userMs - before.systemMs;
}

/** @param {string} stat */
function cpuFromStat(stat) {
  // The name of the command stands in parentheses and may hold spaces: utime and stime are fields 14 and 15 (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { userMs: Number(fields[11]) * tickMs, systemMs: Number(fields[12]) * tickMs };
}
