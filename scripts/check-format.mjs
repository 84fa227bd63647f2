// Format and lint, by biome. `npx biome check --write` mends most of what it finds.
import { reportWhenMain } from './check-report.mjs';
import { runTool } from './run-tool.mjs';

await reportWhenMain(import.meta.url, 'format and lint', (root) =>
  runTool(root, '@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '--max-diagnostics=50']),
);
