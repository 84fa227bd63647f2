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
  const schedule = await readFile(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').catch(() => '0 0 0');
  return Number(schedule.split(' ')[1]) / 1e6;
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
