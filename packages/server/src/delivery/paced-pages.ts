// Pages for readers that ask again at once: where reading fails for a reason that may pass, the failure takes its time.

import type { Clock } from '../runtime/clock.js';
import { StorageError } from '../storage/storage-error.js';
import type { PageSource } from './catch-up.js';

/** After a disk that cannot be read now: neither a busy loop nor a log full of it. */
export const PAGE_RETRY_MS = 1_000;

/** Damage is told at once, since readers pass over it. */
export function pacedPages(source: PageSource, clock: Clock): PageSource {
  return {
    page: async (request) => {
      try {
        return await source.page(request);
      } catch (error) {
        const isDamaged = error instanceof StorageError && error.code === 'corrupt';
        if (!isDamaged) await new Promise<void>((resolve) => clock.setTimer(PAGE_RETRY_MS, resolve));
        throw error;
      }
    },
  };
}
