import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeDecoratedEndpoints } from '../decorator-suite.js';
import * as fixtures from './endpoints.js';

describeDecoratedEndpoints('experimentalDecorators', fixtures);

it('both decorator modes are tested with the same source', () => {
  const read = (folder: string): string => readFileSync(new URL(`../${folder}/endpoints.ts`, import.meta.url), 'utf8');
  expect(read('legacy-decorators')).toBe(read('decorators'));
});
