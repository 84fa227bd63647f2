// Inputs with outcomes of their own, kept in the tree as hex: each run of the fuzzers begins with them.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../corpus/', import.meta.url));
const LINE_DIGITS = 120;
/** A corpus is read in every run, so it stays small. */
const MAX_INPUTS = 80;
const MAX_INPUT_BYTES = 1_024;

/** ATTACK_KEEP=1: new inputs are written to the corpus, to be reviewed and committed. */
const keepsNew = process.env['ATTACK_KEEP'] === '1';

export function readCorpus(name: string): Buffer[] {
  const folder = join(FOLDER, name);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.hex'));
  return files.sort().map((file) => Buffer.from(readFileSync(join(folder, file), 'utf8').replace(/\s+/g, ''), 'hex'));
}

export function keepInCorpus(name: string, input: Buffer): void {
  if (!keepsNew || input.length > MAX_INPUT_BYTES) return;
  const folder = join(FOLDER, name);
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder).length >= MAX_INPUTS) return;
  const digest = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const lines = input.toString('hex').match(new RegExp(`.{1,${LINE_DIGITS}}`, 'g')) ?? [];
  writeFileSync(join(folder, `${digest}.hex`), `${lines.join('\n')}\n`);
}
