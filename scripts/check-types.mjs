// Types of the sources (as they are built), of everything that is not built, and of tests in the older decorator mode.
import { join } from 'node:path';
import { reportWhenMain } from './check-report.mjs';
import { sourceFilesBelow } from './module-graph.mjs';
import { runTool } from './run-tool.mjs';

const compiler = 'typescript/bin/tsc';

await reportWhenMain(import.meta.url, 'types', async (root) => {
  const faults = await runTool(root, compiler, ['-b']);
  if (faults.length > 0) return faults;
  for (const project of ['tsconfig.tests.json', 'tsconfig.scripts.json']) {
    faults.push(...(await runTool(root, compiler, ['-p', project])));
  }
  // The compiler calls a configuration without files an error.
  const hasLegacy = sourceFilesBelow(join(root, 'packages')).some((file) => file.includes('/legacy-decorators/'));
  if (hasLegacy) faults.push(...(await runTool(root, compiler, ['-p', 'tsconfig.legacy-decorators.json'])));
  return faults;
});
