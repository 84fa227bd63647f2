// On what it was measured: figures without this mean nothing.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

export function describeMachine() {
  const [cpu] = cpus();
  return {
    at: new Date().toISOString(),
    node: process.version,
    cores: cpus().length,
    cpu: cpu?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    kernel: `${process.platform} ${release()}`,
    loadBefore: loadavg().map((load) => Number(load.toFixed(2))),
    commit: currentCommit(),
  };
}

function currentCommit() {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    }).trim();
  } catch {
    // A checkout without git is measured all the same.
    return 'unknown';
  }
}
