// How long to measure, from the command line: `npm run bench -- fanout durable --runs 3 --seconds 2`.
import { parseArgs } from 'node:util';

/**
 * @typedef {object} Settings
 * @property {number} runs of each side
 * @property {number} seconds that one measurement lasts, where its length is a matter of time
 */

/**
 * @param {readonly string[]} words
 * @returns {{ names: string[], settings: Settings }}
 */
export function readSettings(words) {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { runs: { type: 'string', default: '5' }, seconds: { type: 'string', default: '5' } },
  });
  return { names: positionals, settings: { runs: Number(values.runs), seconds: Number(values.seconds) } };
}
