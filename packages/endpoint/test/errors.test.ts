import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { EndpointError, endpointErrorCatalogue } from '../src/index.js';

it('every code of the catalogue is used, and every code that is used is in the catalogue', () => {
  const folder = fileURLToPath(new URL('../src', import.meta.url));
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== 'errors.ts')
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  const used = sources.flatMap((source) => [...source.matchAll(/EndpointError\(\s*'(\w+)'/g)].map(([, code]) => code));
  expect([...new Set(used)].sort()).toEqual(Object.keys(endpointErrorCatalogue).sort());
});

it('an error has its code, a sentence and its cause', () => {
  const cause = new Error('why');
  expect(new EndpointError('SESSION_ENDED', 'the session has ended', { cause })).toMatchObject({
    name: 'EndpointError',
    code: 'SESSION_ENDED',
    message: 'the session has ended',
    retryable: false,
    cause,
  });
});
