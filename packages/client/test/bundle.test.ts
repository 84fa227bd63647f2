// What a page loads: one module, small, with nothing of Node in it.

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

const folder = new URL('..', import.meta.url).pathname;

it('the browser bundle is at most 21 KB gzipped and contains neither Node nor the engine', async () => {
  const { scripts } = JSON.parse(readFileSync(`${folder}package.json`, 'utf8')) as { scripts: Record<string, string> };
  expect(scripts['build:assets']).toContain('--format=esm --platform=browser --target=es2022');
  const { outputFiles, metafile } = await build({
    absWorkingDir: folder,
    entryPoints: ['src/index.ts'],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['longwire-source'],
    minify: true,
    write: false,
    metafile: true,
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.some((path) => path.endsWith('platform/browser.ts'))).toBe(true);
  expect(inputs.filter((path) => path.includes('websocket/') || path.endsWith('platform/node.ts'))).toEqual([]);
  const text = outputFiles[0]?.text ?? '';
  expect(text).not.toMatch(/\bnode:|\brequire\(|Math\.random|sourceMappingURL/);
  expect(gzipSync(text).length).toBeLessThanOrEqual(21 * 1024);
});
