// Where readers behind the tail get their pages, and how fast they may ask again after a failure.

import { isCorrupt } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import type { Page, PageRequest } from '../storage/message-log.js';

/** The part of the message log that reading needs. */
export interface PageSource {
  page(request: PageRequest): Promise<Page>;
}

/** Delay of a failure that may pass, such as a disk that cannot be read now: neither a busy loop nor a log full of it. */
export const PAGE_RETRY_MS = 1_000;

/** Rejects at once for damage, which readers skip, and after `PAGE_RETRY_MS` for anything else. */
export function pacedPages(source: PageSource, clock: Clock): PageSource {
  return {
    page: async (request) => {
      try {
        return await source.page(request);
      } catch (error) {
        const isDamaged = isCorrupt(error);
        if (!isDamaged) await new Promise<void>((resolve) => clock.setTimer(PAGE_RETRY_MS, resolve));
        throw error;
      }
    },
  };
}
