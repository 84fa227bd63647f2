// A result as a table for people, and as a file with every sample.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeMachine } from './machine.mjs';

/**
 * @typedef {object} Target
 * @property {string} what
 * @property {number} measured
 * @property {string} unit
 * @property {'at most' | 'at least'} direction
 * @property {number} target
 */

/**
 * @typedef {object} Result
 * @property {string} title
 * @property {readonly Record<string, string | number>[]} rows
 * @property {readonly Target[]} targets
 * @property {readonly unknown[]} samples every one that a figure was made from
 */

const folder = fileURLToPath(new URL('../results/', import.meta.url));

/**
 * @param {string} name
 * @param {Result} result
 * @param {ReturnType<typeof describeMachine>} machine
 */
export function report(name, result, machine) {
  process.stdout.write(`\n${result.title}\n${tableOf(result.rows)}`);
  for (const target of result.targets) process.stdout.write(`${verdict(target)}\n`);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}-${machine.at.replaceAll(':', '')}.json`);
  writeFileSync(file, `${JSON.stringify({ name, machine, ...result }, null, 1)}\n`);
  process.stdout.write(`samples: ${file}\n`);
}

/** @param {Target} target */
export function isMet({ direction, measured, target }) {
  return direction === 'at most' ? measured <= target : measured >= target;
}

/** @param {Target} target */
function verdict(target) {
  const { what, measured, unit, direction, target: bound } = target;
  return `${isMet(target) ? 'met   ' : 'MISSED'} ${what}: ${rounded(measured)} ${unit} (${direction} ${rounded(bound)})`;
}

/** @param {readonly Record<string, string | number>[]} rows */
function tableOf(rows) {
  const columns = Object.keys(rows[0] ?? {});
  const cells = [columns, ...rows.map((row) => columns.map((column) => text(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  const lines = cells.map((line) => `| ${line.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`);
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  return `${lines.join('\n')}\n`;
}

/** @param {string | number | undefined} value */
function text(value) {
  return typeof value === 'number' ? rounded(value) : (value ?? '');
}

/** Three digits that mean something. @param {number} value */
function rounded(value) {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return String(Number(value.toPrecision(3)));
}

export { describeMachine };
