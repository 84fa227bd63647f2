// The process that started this one, and whether it still runs.
import { readFileSync } from 'node:fs';

/**
 * Remembers who started this process: its parent and, where npm put a shell in between (`sh -c node …`), npm itself.
 * A killed npm leaves the shell behind, so the parent alone is not enough.
 * @returns {() => boolean} true once the starter is gone
 */
export function watchForStarter() {
  const parent = process.ppid;
  const npm = isShellOfNpm(parent) ? parentOf(parent) : undefined;
  return () => process.ppid !== parent || (npm !== undefined && parentOf(parent) !== npm);
}

/** @param {number} pid */
function isShellOfNpm(pid) {
  if (process.env.npm_lifecycle_event === undefined) return false;
  return /^([^\0]*\/)?[a-z]*sh\0-c\0/.test(readProc(pid, 'cmdline'));
}

/**
 * @param {number} pid
 * @returns {number | undefined} undefined except on Linux
 */
function parentOf(pid) {
  const stat = readProc(pid, 'stat');
  // proc(5): field 4 is the parent; the name in field 2 may hold spaces, so count from its closing bracket.
  const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  return Number.isInteger(parent) ? parent : undefined;
}

/** @param {number} pid @param {string} name */
function readProc(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
