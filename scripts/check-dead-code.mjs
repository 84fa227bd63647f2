// Unused files, exports and dependencies, by knip.
import { reportWhenMain } from './check-report.mjs';
import { runTool } from './run-tool.mjs';

await reportWhenMain(import.meta.url, 'dead code', (root) =>
  runTool(root, 'knip/bin/knip.js', ['--no-progress', '--no-config-hints']),
);
