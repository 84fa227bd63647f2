// How much room the disk of the data folder has: sends stop while there is still some, so that everything else goes on.

import { statfs } from 'node:fs/promises';
import type { Logger } from '../../../runtime/logger.js';

export const FREE_SPACE_INTERVAL_MS = 1_000;
/** The limit is never more than this share of a disk, so that small disks can be used. */
const MAX_SHARE = 0.05;
/** Sends begin again with this much more than the limit, so that they do not stop and begin every second. */
const RESUME_FACTOR = 1.1;

/** What `statfs` reports, in blocks of `bsize` bytes. */
type DiskStatus = Readonly<Record<'bsize' | 'blocks' | 'bavail', number>>;

export interface FreeSpaceOptions {
  readonly folder: string;
  /** 0: the disk may be filled. */
  readonly minFreeBytes: number;
  readonly logger: Logger;
  /** For tests. */
  readonly readStatus?: (folder: string) => Promise<DiskStatus>;
}

export class FreeSpace {
  readonly #options: FreeSpaceOptions;
  #isEnough = true;
  #isChecking = false;
  #isUnknown = false;

  constructor(options: FreeSpaceOptions) {
    this.#options = options;
  }

  /** Whether messages may be stored, as of the last check; true where the system does not report free space. */
  get isEnough(): boolean {
    return this.#isEnough;
  }

  /** Called every `FREE_SPACE_INTERVAL_MS`. Never rejects. */
  async check(): Promise<void> {
    const { folder, minFreeBytes, readStatus = statfs } = this.#options;
    // On a file system that hangs, one check waits and not thousands.
    if (minFreeBytes === 0 || this.#isChecking) return;
    this.#isChecking = true;
    try {
      const { bsize, blocks, bavail } = await readStatus(folder);
      this.#judge(bavail * bsize, Math.min(minFreeBytes, blocks * bsize * MAX_SHARE));
    } catch (error) {
      this.#reportUnknown(error);
    } finally {
      this.#isChecking = false;
    }
  }

  #judge(freeBytes: number, neededBytes: number): void {
    const { folder, logger } = this.#options;
    const wasEnough = this.#isEnough;
    this.#isEnough = freeBytes >= (wasEnough ? neededBytes : neededBytes * RESUME_FACTOR);
    if (this.#isEnough === wasEnough) return;
    const facts = { folder, freeBytes, neededBytes: Math.ceil(neededBytes) };
    if (this.#isEnough) logger.info(facts, 'Sends are accepted again: the disk has enough room');
    else logger.error(facts, 'Sends are refused with storage_full: the disk has too little room (limits.minFreeBytes)');
  }

  #reportUnknown(error: unknown): void {
    if (this.#isUnknown) return;
    this.#isUnknown = true;
    this.#options.logger.warn(
      { err: error },
      'The free space of the disk is unknown, so limits.minFreeBytes has no effect',
    );
  }
}
