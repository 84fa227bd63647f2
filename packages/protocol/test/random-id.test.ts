import { webcrypto } from 'node:crypto';
import { expect, test } from 'vitest';
import { randomId } from '../src/index.js';

test('randomId returns 22 characters of the base64url alphabet and does not repeat', () => {
  const ids = new Set<string>();
  for (let sample = 0; sample < 10_000; sample += 1) ids.add(randomId((bytes) => webcrypto.getRandomValues(bytes)));
  expect(ids.size).toBe(10_000);
  for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
});
