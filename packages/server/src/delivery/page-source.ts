// Where readers behind the tail get their pages, and how fast they may ask again after a failure.

import { isCorrupt } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import type { MessageLog, Page, PageRequest } from '../storage/message-log.js';

/** The part of the message log that reading needs. */
export interface PageSource {
  page(request: PageRequest): Promise<Page>;
}

/** Half of what catch-up has in flight: while one half is written to its readers, the storage thread reads the other. */
const PAGES_PER_CALL = 8;

interface WaitingRequest {
  readonly request: PageRequest;
  readonly resolve: (page: Page) => void;
  readonly reject: (error: unknown) => void;
}

/** Reads the pages that are asked for in one turn with few calls of the log. */
export class GatheredPages implements PageSource {
  readonly #log: Pick<MessageLog, 'pages'>;
  #waiting: WaitingRequest[] = [];

  constructor(log: Pick<MessageLog, 'pages'>) {
    this.#log = log;
  }

  page(request: PageRequest): Promise<Page> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) queueMicrotask(() => this.#readAll());
      this.#waiting.push({ request, resolve, reject });
    });
  }

  #readAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let start = 0; start < waiting.length; start += PAGES_PER_CALL) {
      void this.#read(waiting.slice(start, start + PAGES_PER_CALL));
    }
  }

  async #read(waiting: readonly WaitingRequest[]): Promise<void> {
    try {
      const pages = await this.#log.pages(waiting.map(({ request }) => request));
      for (const [index, { resolve, reject }] of waiting.entries()) {
        const page = pages[index]!;
        if (page instanceof Error) reject(page);
        else resolve(page);
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
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
