// Preloaded into the server by start.mjs: if the starter itself is killed, the server stops as on SIGTERM.
import { isMainThread } from 'node:worker_threads';

const parentPollMs = 500;

if (isMainThread) {
  const parentPid = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parentPid) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, parentPollMs);
  watch.unref();
}
