// How every part of `npm run check` reports: one line when all is well, the findings and one line when not.
import { isMainModule, projectRoot } from './project-root.mjs';

/**
 * Runs a check if its file was started directly, as `npm run check` does with each.
 * @param {string} moduleUrl `import.meta.url` of the check
 * @param {string} title
 * @param {(root: string) => string[] | Promise<string[]>} findFaults resolves with one text per fault
 */
export async function reportWhenMain(moduleUrl, title, findFaults) {
  if (!isMainModule(moduleUrl)) return;
  const startedAt = performance.now();
  const faults = await findFaults(projectRoot);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  const result = faults.length === 0 ? 'ok' : `FAILED (${faults.length} ${faults.length === 1 ? 'fault' : 'faults'})`;
  process.stdout.write(`${title}: ${result} (${seconds} s)\n`);
  if (faults.length > 0) process.exitCode = 1;
}
