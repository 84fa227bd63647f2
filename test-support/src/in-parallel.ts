// Many jobs, a few at a time.

/** Runs `work` for 0 … count-1, at most `atOnce` at a time. */
export async function inParallel(count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lanes = Array.from({ length: Math.min(atOnce, count) }, async () => {
    while (next < count) await work(next++);
  });
  await Promise.all(lanes);
}
