// What the operating system says of a process: memory, open descriptors, processor time.

import { readdir, readFile } from 'node:fs/promises';

/** Clock ticks of /proc/<pid>/stat; 100 on every Linux that Node runs on (sysconf(_SC_CLK_TCK)). */
const TICKS_PER_SECOND = 100;

// Facts are read from /proc, which only Linux has; elsewhere they are all 0, and what is asserted of them holds for nothing.
const hasProcessFacts = process.platform === 'linux';

export async function residentBytes(pid: number): Promise<number> {
  if (!hasProcessFacts) return 0;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1_024;
}

export async function openDescriptors(pid: number): Promise<number> {
  if (!hasProcessFacts) return 0;
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** User and system time of all threads so far. */
export async function processorMs(pid: number): Promise<number> {
  if (!hasProcessFacts) return 0;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; after it field 3 begins. Fields 14 and 15 are utime and stime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}

/** How long the main thread was ever ready and not let run, because the machine had other things to do. */
export async function keptWaitingMs(pid: number): Promise<number> {
  return (await scheduleOf(pid))[1] ?? 0;
}

/** For how long the main thread ran, and was ready and not let run. */
async function scheduleOf(pid: number): Promise<number[]> {
  const schedule = await readFile(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').catch(() => '0 0 0');
  return schedule.split(' ', 2).map((nanoseconds) => Number(nanoseconds) / 1e6);
}

/** Processor time of all processes of the machine so far, on all its cores. */
async function machineMs(): Promise<number> {
  if (!hasProcessFacts) return 0;
  // user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of user and nice.
  const ticks = (await readFile('/proc/stat', 'utf8')).split('\n', 1)[0]!.split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, iowait = 0] = ticks;
  return ((ticks.reduce((sum, each) => sum + each, 0) - idle - iowait) * 1_000) / TICKS_PER_SECOND;
}

/**
 * Begins to watch by how much other programs slow the main thread of `pid` down.
 * @param ours  all processes of the test, `pid` included
 * @returns  called at the end: 1 on a machine with nothing else to do; 3 if the thread needed three times as long for its work
 *   as without the others. What processes of the test keep it waiting does not count.
 */
export async function watchSlowdown(pid: number, ours: readonly number[]): Promise<() => Promise<number>> {
  const look = async () => {
    const [ran = 0, waited = 0] = await scheduleOf(pid);
    const used = await Promise.all(ours.map(processorMs));
    return { ran, waited, ours: used.reduce((sum, each) => sum + each, 0), all: await machineMs() };
  };
  const before = await look();
  return async () => {
    const after = await look();
    const [ran, waited] = [after.ran - before.ran, after.waited - before.waited];
    const all = after.all - before.all;
    if (ran <= 0 || all <= 0) return 1;
    const shareOfOthers = Math.max(0, 1 - (after.ours - before.ours) / all);
    return 1 + (waited / ran) * shareOfOthers;
  };
}

/** The highest resident memory while `work` ran. */
export async function peakDuring<Value>(
  pid: number,
  work: () => Promise<Value>,
): Promise<{ readonly peakBytes: number; readonly value: Value }> {
  let peakBytes = await residentBytes(pid);
  const timer = setInterval(() => {
    void residentBytes(pid).then(
      (bytes) => {
        peakBytes = Math.max(peakBytes, bytes);
      },
      () => {},
    );
  }, 50);
  try {
    const value = await work();
    return { peakBytes: Math.max(peakBytes, await residentBytes(pid)), value };
  } finally {
    clearInterval(timer);
  }
}
