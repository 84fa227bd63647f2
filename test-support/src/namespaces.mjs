// Whether tests may mount small file systems of their own, and start processes in new pid namespaces. Both need root, on Linux.
import { spawnSync } from 'node:child_process';

/** @returns {string | undefined} why a tmpfs cannot be mounted; undefined: it can */
export function findMountFault() {
  if (process.getuid?.() !== 0) return 'mounting needs root';
  return faultOf(['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', '/mnt'], 'cannot mount a tmpfs');
}

/** @returns {string | undefined} why there are no new pid namespaces; undefined: there are */
export function findPidNamespaceFault() {
  return faultOf(['--pid', '--fork', '--mount-proc', 'true'], 'no new pid namespaces here');
}

/** @param {string[]} args @param {string} what */
function faultOf(args, what) {
  const { error, status, stderr } = spawnSync('unshare', args);
  if (error !== undefined) return 'no unshare in PATH';
  return status === 0 ? undefined : `${what}: ${stderr.toString().trim()}`;
}
