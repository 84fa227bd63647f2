// Messages that wait for users, on disk: an append-only file of JSON lines, read at startup, and rewritten now and then
// without the messages that have arrived. One process per folder.
import {
  appendFile,
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export interface Letter {
  /** Ascending over all users. */
  readonly id: number;
  readonly to: string;
  readonly text: string;
}

/** Another line of the file: this user has received everything up to and including this letter. */
interface Receipt {
  readonly to: string;
  readonly has: number;
}

const maxWaitingPerUser = 10_000;
const minLinesToRewrite = 1_000;

export class Mailbox {
  readonly #path: string;
  readonly #waiting = new Map<string, Letter[]>();
  #descriptor = -1;
  #linesOnDisk = 0;
  #lastId = 0;
  /** The lines for the next write, and what to call once they are synced. */
  #queued: { readonly line: string; settle(error?: unknown): void }[] = [];
  #isWriting = false;
  #failure: unknown;

  /** Reads the letters in `folder`, and creates it if its parent exists. Throws if the file is damaged. */
  constructor(folder: string) {
    // Not `recursive`, with which Node's mkdir loops endlessly in /proc.
    if (!existsSync(folder)) mkdirSync(folder);
    this.#path = join(folder, 'mailbox.jsonl');
    for (const line of linesOf(this.#path)) {
      if ('has' in line) this.#forget(line);
      else this.#lettersOf(line.to).push(line);
      if ('id' in line) this.#lastId = line.id;
    }
  }

  /**
   * Resolves once the letter is synced to disk: from then on it is kept until {@link remove}, even if the process is
   * killed. Rejects if it was not accepted. Letters are kept in the order of the calls.
   */
  async put(to: string, text: string): Promise<Letter> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.waitingFor(to).length >= maxWaitingPerUser)
      throw new Error(`${maxWaitingPerUser} letters are already waiting for ${to}`);
    const letter = { id: ++this.#lastId, to, text };
    await this.#append(letter);
    return letter;
  }

  /** The letters that the user has not received, in order; only those after the one with the id `after`. */
  waitingFor(user: string, after = 0): readonly Letter[] {
    const letters = this.#waiting.get(user) ?? [];
    return after === 0 ? letters : letters.filter(({ id }) => id > after);
  }

  /** The user has received everything up to and including `id`. If a crash loses this, letters are delivered twice. */
  remove(user: string, id: number): void {
    const [first] = this.waitingFor(user);
    if (first === undefined || first.id > id) return;
    this.#forget({ to: user, has: id });
    this.#append({ to: user, has: id }).catch(() => {});
  }

  #lettersOf(user: string): Letter[] {
    const letters = this.#waiting.get(user) ?? [];
    this.#waiting.set(user, letters);
    return letters;
  }

  #forget({ to, has }: Receipt): void {
    const left = this.waitingFor(to, has);
    if (left.length === 0) this.#waiting.delete(to);
    else this.#waiting.set(to, [...left]);
  }

  #append(entry: Letter | Receipt): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown): void => {
        // A letter is not delivered before it is on disk.
        if ('text' in entry && error === undefined) this.#lettersOf(entry.to).push(entry);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#queued.push({ line: `${JSON.stringify(entry)}\n`, settle });
      if (!this.#isWriting) void this.#write();
    });
  }

  /** One sync for everything that was queued during the previous one. */
  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#queued.length > 0) {
      const batch = this.#queued;
      this.#queued = [];
      try {
        if (this.#failure !== undefined) throw this.#failure;
        // Not earlier: only now it is certain that this process is the one that serves the folder.
        if (this.#descriptor === -1) this.#rewrite();
        await promisify(appendFile)(this.#descriptor, batch.map(({ line }) => line).join(''));
        await promisify(fdatasync)(this.#descriptor);
        this.#linesOnDisk += batch.length;
        for (const { settle } of batch) settle();
        this.#rewriteIfMostlyDone();
      } catch (error) {
        // It is unknown what a failed sync has written: nothing more is accepted until the file is read again.
        this.#failure = error;
        for (const { settle } of batch) settle(error);
      }
    }
    this.#isWriting = false;
  }

  #rewriteIfMostlyDone(): void {
    let letters = 0;
    for (const waiting of this.#waiting.values()) letters += waiting.length;
    if (this.#linesOnDisk > minLinesToRewrite + 2 * letters) this.#rewrite();
  }

  /** Writes the waiting letters to a new file, which then replaces the old one. A crash leaves one of the two. */
  #rewrite(): void {
    const letters = [...this.#waiting.values()].flat().sort((left, right) => left.id - right.id);
    const next = openSync(`${this.#path}.new`, 'w');
    writeFileSync(next, letters.map((letter) => `${JSON.stringify(letter)}\n`).join(''));
    fsyncSync(next);
    if (this.#descriptor !== -1) closeSync(this.#descriptor);
    renameSync(`${this.#path}.new`, this.#path);
    syncFolder(dirname(this.#path));
    this.#descriptor = next;
    this.#linesOnDisk = letters.length;
  }
}

function linesOf(path: string): (Letter | Receipt)[] {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // Text after the last line feed was being written when the process died, and was never accepted.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1).trimEnd();
  if (whole === '') return [];
  return whole.split('\n').map((line, index) => {
    try {
      return JSON.parse(line) as Letter | Receipt;
    } catch (cause) {
      throw new Error(`${path} is damaged at line ${index + 1}`, { cause });
    }
  });
}

/** A new name is on disk once its folder is synced. Windows cannot sync folders. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
