// Reads a file of golden vectors.

import { readFileSync } from 'node:fs';

export function readVectors<Shape>(name: string): Shape {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as Shape;
}
