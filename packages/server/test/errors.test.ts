import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ServerError, serverErrorCatalogue } from '../src/index.js';

const codes = Object.keys(serverErrorCatalogue).sort();
const fileBeside = (path: string) => fileURLToPath(new URL(path, import.meta.url));

it('serverErrorCatalogue has exactly the codes that the sources use', () => {
  const folder = fileBeside('../src');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  // The first argument of each: a code, or a choice between two.
  const used = sources.flatMap((source) =>
    [...source.matchAll(/new ServerError\(([^,]+),/g)].flatMap(([, first]) =>
      [...first!.matchAll(/'(\w+)'/g)].map(([, code]) => code!),
    ),
  );
  expect([...new Set(used)].sort()).toEqual(codes);
});

it('the README lists every code of serverErrorCatalogue with its meaning', () => {
  const readme = readFileSync(fileBeside('../README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| `(\w+)` \| (yes|no) \| (.*) \|$/gm)].map(([, code, retryable, meaning]) => [
    code,
    { retryable: retryable === 'yes', meaning },
  ]);
  expect(Object.fromEntries(rows)).toEqual(serverErrorCatalogue);
});

it('ServerError has its code, a message, its cause, and retryable of the catalogue', () => {
  const cause = new Error('why');
  expect(new ServerError('storage_full', 'the disk is full', { cause })).toMatchObject({
    name: 'ServerError',
    code: 'storage_full',
    message: 'the disk is full',
    retryable: true,
    cause,
  });
});
