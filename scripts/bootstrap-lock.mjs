// One bootstrap at a time in one checkout: `npm start` and `npm test` may be typed at once in a fresh clone.
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

const pollMs = 200;
/** A lock file without a readable owner is one that is being written, or one whose writer died while writing. */
const unreadableAfterMs = 5_000;

/** @typedef {{ pid: number, born: string, what: string, token: string }} Owner */

/**
 * Waits for the lock, runs `work`, and gives the lock back whatever happened. A lock whose process is gone is taken over.
 * @template T
 * @param {string} path lock file
 * @param {string} what shown to processes that wait, as in "npm start"
 * @param {() => Promise<T>} work
 * @param {(line: string) => void} say called once for each process that is waited for
 * @returns {Promise<T>}
 */
export async function withLock(path, what, work, say) {
  const mine = { pid: process.pid, born: birthOf(process.pid) ?? '', what, token: randomUUID() };
  let announced = '';
  while (!tryCreate(path, mine)) {
    const owner = readOwner(path);
    if (owner === undefined) continue;
    if (isGone(owner)) removeStale(path, owner);
    else if (owner.token !== announced) {
      announced = owner.token;
      say(`Waiting for "${owner.what}" (process ${owner.pid}), which is preparing this checkout.`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  const release = () => {
    if (readOwner(path)?.token === mine.token) rmSync(path, { force: true });
  };
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

/** @param {string} path @param {Owner} owner */
function tryCreate(path, owner) {
  try {
    writeFileSync(path, JSON.stringify(owner), { flag: 'wx' });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/**
 * @param {string} path
 * @returns {Owner | undefined} undefined when the lock is free by now
 */
function readOwner(path) {
  try {
    const text = readFileSync(path, 'utf8');
    try {
      return JSON.parse(text);
    } catch {
      const pid = ageMsOf(path) > unreadableAfterMs ? 0 : process.pid;
      return { pid, born: '', what: 'another command', token: text };
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Removes the lock of a dead owner. Two waiters may have seen the same dead owner: the guard, one per dead owner, keeps the
 * slower one from removing the lock that the faster one has just taken.
 * @param {string} path @param {Owner} owner
 */
function removeStale(path, owner) {
  const guard = `${path}.takeover`;
  try {
    writeFileSync(guard, owner.token, { flag: 'wx' });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    // Held for microseconds, so an old one was left by a crash.
    if (ageMsOf(guard) > unreadableAfterMs) rmSync(guard, { force: true });
    return;
  }
  if (readOwner(path)?.token === owner.token) rmSync(path, { force: true });
  rmSync(guard, { force: true });
}

/** @param {string} path */
function ageMsOf(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

/** @param {Owner} owner */
function isGone(owner) {
  if (owner.pid === 0) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return hasCode(error, 'ESRCH');
  }
  // The number lives, but is it the same process? After a restart of the machine numbers are given out again.
  const born = birthOf(owner.pid);
  return born !== undefined && owner.born !== '' && born !== owner.born;
}

/**
 * @param {number} pid
 * @returns {string | undefined} boot and start time of a process, undefined where the system does not report it
 */
function birthOf(pid) {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): field 22 is the start time; the name in field 2 may hold spaces, so count from its closing bracket.
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return undefined;
  }
}

/** @param {unknown} error @param {string} code */
function hasCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}
