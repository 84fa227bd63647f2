// Time limits for a machine that is busy with other things.

const SAMPLE_CPU_MS = 20;

/**
 * A time limit of `ms` on a quiet machine, longer by the factor by which the machine delays this process now: the time that
 * some work takes, divided by the processor time that it uses.
 */
export function stretched(ms: number): number {
  const startedAt = performance.now();
  const startedUsage = process.cpuUsage();
  let usedMs = 0;
  while (usedMs < SAMPLE_CPU_MS) {
    const { user, system } = process.cpuUsage(startedUsage);
    usedMs = (user + system) / 1_000;
  }
  return Math.ceil(ms * Math.max(1, (performance.now() - startedAt) / usedMs));
}
