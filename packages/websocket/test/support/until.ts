// Waits for a condition instead of guessing how long something takes.

/** Resolves when `condition` holds; rejects with its source text after `withinMs`. */
export async function until(condition: () => boolean, withinMs = 8000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
