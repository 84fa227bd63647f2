// How many connections the process can hold: as many as configured, and never as many as there are descriptors.

import { readFileSync } from 'node:fs';

/**
 * The value for `server.maxConnections`. With no descriptor left Node closes new connections without an event and without
 * a line in any log, and the store cannot open its files; so some are kept back.
 */
export function connectionLimit(configured: number, descriptors = descriptorLimit()): number {
  const reserved = Math.max(64, Math.ceil(descriptors / 50));
  return Math.max(1, Math.min(configured, descriptors - reserved));
}

/** Descriptors this process may have open. Node raises the soft limit to the hard one when it starts. */
export function descriptorLimit(): number {
  const limits = limitsOfProcess() ?? limitsOfReport();
  return limits ?? FALLBACK_DESCRIPTORS;
}

/** The lowest usual default (macOS has 256 for some shells, Linux 1 024); used where nothing can be read. */
const FALLBACK_DESCRIPTORS = 256;

function limitsOfProcess(): number | undefined {
  try {
    const match = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    if (match === null) return undefined;
    return match[1] === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(match[1]);
  } catch {
    // Not Linux.
    return undefined;
  }
}

function limitsOfReport(): number | undefined {
  const report = process.report?.getReport() as
    | { userLimits?: { open_files?: { soft?: number | string } } }
    | undefined;
  const soft = report?.userLimits?.open_files?.soft;
  if (soft === 'unlimited') return Number.MAX_SAFE_INTEGER;
  return typeof soft === 'number' ? soft : undefined;
}
