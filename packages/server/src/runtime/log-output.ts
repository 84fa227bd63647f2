// Where log lines go. A line that cannot be written is lost and counted: a full disk, a pipe without reader or a closed
// terminal must not end the server.

import { fstatSync, writeSync } from 'node:fs';

/** `process.stderr`, another stream, or anything with `write`. */
export interface LogDestination {
  write(line: string, callback?: (error?: Error | null) => void): unknown;
  readonly isTTY?: boolean;
  /** File descriptor of a stream of the process. */
  readonly fd?: number;
  /** What a stream has accepted and not written. */
  readonly writableLength?: number;
  on?(event: 'error', listener: (error: Error) => void): unknown;
  listeners?(event: 'error'): unknown[];
}

/** What may wait in a stream whose reader is slow; beyond it lines are lost. */
const MAX_WAITING_BYTES = 1_048_576;

export class LogOutput {
  readonly #destination: LogDestination;
  readonly #lostLine: (lost: number) => string;
  /** Of a file. Node's stream for it ends at the first error, so that nothing would be logged once there is space again. */
  readonly #file: number | undefined;
  /** The last line was written in part. */
  #isLineCut = false;
  #lost = 0;
  #isReporting = false;

  /** @param lostLine  the line that says how many were lost; written after the next one that can be */
  constructor(destination: LogDestination, lostLine: (lost: number) => string) {
    this.#destination = destination;
    this.#lostLine = lostLine;
    this.#file = fileOf(destination);
    // Node throws an error event that has no listener. The callback of the write counts the line.
    if (destination.listeners?.('error').includes(ignore) === false) destination.on?.('error', ignore);
  }

  /** Never throws. */
  write(line: string): void {
    this.#put(line, (isWritten) => {
      if (!isWritten) this.#lost += 1;
      else if (this.#lost > 0) this.#reportLost();
    });
  }

  #reportLost(): void {
    if (this.#isReporting) return;
    this.#isReporting = true;
    const lost = this.#lost;
    this.#put(this.#lostLine(lost), (isWritten) => {
      this.#isReporting = false;
      if (isWritten) this.#lost -= lost;
    });
  }

  #put(line: string, done: (isWritten: boolean) => void): void {
    try {
      if (this.#file === undefined) {
        this.#writeToStream(line, done);
        return;
      }
      this.#writeToFile(this.#file, line);
    } catch {
      done(false);
      return;
    }
    done(true);
  }

  #writeToFile(file: number, line: string): void {
    const bytes = Buffer.from(this.#isLineCut ? `\n${line}` : line);
    let written = 0;
    try {
      while (written < bytes.byteLength) written += writeSync(file, bytes, written);
      this.#isLineCut = false;
    } catch (error) {
      this.#isLineCut ||= written > 0;
      throw error;
    }
  }

  #writeToStream(line: string, done: (isWritten: boolean) => void): void {
    const { writableLength = 0 } = this.#destination;
    if (writableLength > MAX_WAITING_BYTES) done(false);
    else this.#destination.write(line, (error) => done(!error));
  }
}

function fileOf({ fd, isTTY }: LogDestination): number | undefined {
  if (fd === undefined || isTTY === true) return undefined;
  try {
    const stats = fstatSync(fd);
    // Pipes and sockets may be in non-blocking mode: only their stream can wait for room.
    return stats.isFIFO() || stats.isSocket() ? undefined : fd;
  } catch {
    return undefined;
  }
}

function ignore(): void {
  // See the constructor.
}
