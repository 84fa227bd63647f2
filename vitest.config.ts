// How the tests run: against the sources (condition `longwire-source`), decorators lowered by esbuild,
// because neither Vite's own transform nor Node lowers TC39 decorators.
import { transform } from 'esbuild';
import { defineConfig } from 'vitest/config';

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

export default defineConfig({
  ...shared,
  test: {
    projects: [
      { ...shared, test: { name: 'unit', include: ['packages/*/test/**/*.test.ts'], testTimeout: 20_000 } },
      {
        ...shared,
        test: { name: 'integration', include: ['integration/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
      },
      { ...shared, test: { name: 'e2e', include: ['e2e/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 60_000 } },
    ],
  },
});
