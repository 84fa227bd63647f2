// Runs a checking tool from node_modules and hands on what it found.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

/**
 * @param {string} root
 * @param {string} script the tool's program below node_modules, as in "knip/bin/knip.js"
 * @param {string[]} args
 * @returns {Promise<string[]>} nothing when the tool ended with code 0, else its output as one text
 */
export function runTool(root, script, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0 ? [] : [output.trim() || `${script} ended with code ${code}`]));
  });
}
