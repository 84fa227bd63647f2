// How the tests run: against the sources (condition `longwire-source`), decorators lowered by esbuild,
// because neither Vite's own transform nor Node lowers TC39 decorators.
import { existsSync } from 'node:fs';
import { transform } from 'esbuild';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const lowerDecorators = {
  name: 'lower-decorators',
  enforce: 'pre' as const,
  async transform(code: string, id: string) {
    const file = id.split('?')[0] ?? id;
    if (!file.endsWith('.ts') || file.includes('/node_modules/')) return null;
    const legacy = file.includes('/legacy-decorators/');
    const result = await transform(code, {
      loader: 'ts',
      target: 'es2022',
      sourcemap: true,
      sourcefile: file,
      tsconfigRaw: { compilerOptions: { experimentalDecorators: legacy, verbatimModuleSyntax: true } },
    });
    return { code: result.code, map: result.map };
  },
};

const conditions = ['longwire-source', 'node', 'module', 'default'];
const shared = {
  plugins: [lowerDecorators],
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
};

/**
 * Groups run one after the other: what starts servers and browsers has the machine to itself.
 * Forks, because tests kill processes, use workers and exhaust descriptors.
 */
function project(
  name: string,
  include: string[],
  groupOrder: number,
  limits: { testTimeoutMs: number; files: number; execArgv?: string[]; isolate?: boolean },
) {
  return {
    ...shared,
    test: {
      name,
      include,
      pool: 'forks' as const,
      execArgv: limits.execArgv ?? [],
      isolate: limits.isolate ?? true,
      maxWorkers: limits.files,
      fileParallelism: limits.files > 1,
      sequence: { groupOrder },
      // Limits are there to end a test that hangs. A machine with a load of 20 may take ten times as long as a quiet one.
      testTimeout: limits.testTimeoutMs,
      hookTimeout: 120_000,
      expect: { poll: { timeout: 30_000 } },
    },
  };
}

/**
 * Where SQLite is the WebAssembly build, each opening of a store makes V8 optimise it in the background, which costs more than
 * most tests. The programs that tests run as users would go without this flag.
 */
const baselineWasm = ['--liftoff-only'];

/** Files of seven seconds and more, the longest of each project first: started late, they would keep one core waiting at the end. */
const longFiles = [
  'packages/cli/test/commands.test.ts',
  'packages/cli/test/messages.test.ts',
  'packages/server/test/storage/sqlite/storage-faults.test.ts',
  'packages/server/test/storage/sqlite/sqlite-store.test.ts',
  'packages/cli/test/serve-start.test.ts',
  'packages/cli/test/era.test.ts',
  'packages/cli/test/channels.test.ts',
  'packages/cli/test/users.test.ts',
  'packages/server/test/storage/sqlite/migration.test.ts',
  'packages/endpoint/test/handshake/refusals.test.ts',
  'packages/cli/test/output-failures.test.ts',
  'packages/endpoint/test/messages/faults.test.ts',
  'packages/protocol/test/decode-command-hostile.test.ts',
  'integration/attacks-steady-readers.test.ts',
  'integration/people.test.ts',
  'integration/guide.test.ts',
  'integration/groups.test.ts',
  'integration/inbox.test.ts',
  'integration/packages.test.ts',
  'integration/attacks-handshakes.test.ts',
  'integration/readme.test.ts',
  'integration/attacks-store-calls.test.ts',
  'integration/attacks-connection-floods.test.ts',
  'integration/attacks-one-user.test.ts',
  'integration/attacks-commands.test.ts',
  'integration/attacks-stalled-readers.test.ts',
  'integration/attacks-sign-ins.test.ts',
  'integration/interop-container.test.ts',
  'integration/interop-browser.test.ts',
  'integration/interop-conformance.test.ts',
  'integration/attacks-frames.test.ts',
  'integration/attacks-container.test.ts',
  'integration/attacks-full-disk.test.ts',
  'integration/attacks-full-outboxes.test.ts',
  'integration/attacks-closing.test.ts',
  'integration/refusal-counts.test.ts',
  'e2e/npm-start.test.ts',
  'e2e/page-state.test.ts',
  'e2e/page.test.ts',
  'e2e/page-groups.test.ts',
  'examples/3-notifications/test/notifications.test.ts',
];
const missing = longFiles.filter((file) => !existsSync(new URL(file, import.meta.url)));
if (missing.length > 0) throw new Error(`vitest.config.ts lists files that do not exist: ${missing.join(', ')}`);

class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = longFiles.findIndex((file) => moduleId.endsWith(`/${file}`));
      return found === -1 ? longFiles.length : found;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  ...shared,
  test: {
    sequence: { sequencer: LongFilesFirst },
    projects: [
      project('unit', ['packages/*/test/**/*.test.ts'], 0, {
        testTimeoutMs: 60_000,
        files: 2,
        execArgv: baselineWasm,
        // A process for each file would cost 0.6 s of CPU a file to load Vitest and the sources again. So these files leave
        // nothing in the process: no listener, no spy, no open socket.
        isolate: false,
      }),
      project('integration', ['integration/**/*.test.ts'], 1, {
        testTimeoutMs: 120_000,
        // Twice as many as CI has cores: the attacks among these files mostly wait for time limits of the server.
        files: 4,
        execArgv: baselineWasm,
      }),
      project('e2e', ['e2e/*.test.ts', 'examples/*/test/**/*.test.ts'], 2, { testTimeoutMs: 240_000, files: 3 }),
      // Under load, or of which the timing or the memory counts: nothing runs beside them.
      project('e2e-alone', ['e2e/alone/*.test.ts'], 3, { testTimeoutMs: 240_000, files: 1 }),
      // Not part of `npm test`: npm run test:attacks, npm run test:chaos.
      project('attacks', ['attacks/**/*.test.ts'], 4, { testTimeoutMs: 180_000, files: 1, execArgv: baselineWasm }),
      project('chaos', ['chaos/**/*.test.ts'], 5, { testTimeoutMs: 30 * 60_000, files: 1 }),
    ],
  },
});
