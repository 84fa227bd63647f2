// Why a write of the WebAssembly build failed: its file layer catches the error and reports to SQLite only *that* there was one.

import { createRequire } from 'node:module';

type FileSystem = typeof import('node:fs');

// EDQUOT: the quota of this user is used up.
const FULL_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Watches `fs.writeSync` and `fs.ftruncateSync` of this thread for a full disk. One per thread; meant for the storage
 * worker, which does nothing else with files.
 */
export class WriteObserver {
  static #installed: WriteObserver | undefined;
  #sawFullDisk = false;

  static install(): WriteObserver {
    WriteObserver.#installed ??= new WriteObserver(createRequire(import.meta.url)('node:fs') as FileSystem);
    return WriteObserver.#installed;
  }

  private constructor(fs: FileSystem) {
    const { writeSync, ftruncateSync, mkdirSync } = fs;
    fs.writeSync = ((...call: Parameters<typeof writeSync>) => {
      const written = this.#observe(() => writeSync(...call));
      const asked = call[1] as unknown as NodeJS.ArrayBufferView;
      // The last page that fits is written in part; the error would come with the next call, which is not made.
      if (ArrayBuffer.isView(asked) && written < asked.byteLength) this.#sawFullDisk = true;
      return written;
    }) as typeof writeSync;
    fs.ftruncateSync = (...call) => this.#observe(() => ftruncateSync(...call));
    // Its lock is a folder, which takes a block as well.
    fs.mkdirSync = ((...call: Parameters<typeof mkdirSync>) =>
      this.#observe(() => mkdirSync(...call))) as typeof mkdirSync;
  }

  /** A write since the last `forget` failed for want of room. */
  get sawFullDisk(): boolean {
    return this.#sawFullDisk;
  }

  forget(): void {
    this.#sawFullDisk = false;
  }

  #observe<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (FULL_CODES.has((error as NodeJS.ErrnoException).code ?? '')) this.#sawFullDisk = true;
      throw error;
    }
  }
}
