import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { EndpointError, endpointErrorCatalogue } from '../src/index.js';

it('endpointErrorCatalogue has exactly the codes that the sources use', () => {
  const folder = fileURLToPath(new URL('../src', import.meta.url));
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== 'errors.ts')
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  const used = sources.flatMap((source) => [...source.matchAll(/EndpointError\(\s*'(\w+)'/g)].map(([, code]) => code));
  expect([...new Set(used)].sort()).toEqual(Object.keys(endpointErrorCatalogue).sort());
});

it('EndpointError has its code, a message, its cause, and retryable of the catalogue', () => {
  const cause = new Error('why');
  expect(new EndpointError('session_ended', 'the session has ended', { cause })).toMatchObject({
    name: 'EndpointError',
    code: 'session_ended',
    message: 'the session has ended',
    retryable: false,
    cause,
  });
});
