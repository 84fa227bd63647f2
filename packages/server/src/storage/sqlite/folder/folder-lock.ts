// One server per data folder. That the holder lives is proven by connecting to it, not by its pid: in containers every
// server is pid 1. A holder on another kernel cannot be connected to; its lock file must stay untouched for a while.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ServerError } from '../../../errors.js';
import { type SocketAddress, socketAddress } from '../../../runtime/socket-address.js';
import { isUnsupported, missingFeature, unusableFolder } from './folder-errors.js';
import { encodeLockRecord, type FoundLock, LOCK_FILE, type LockRecord, readLock, socketName } from './lock-record.js';

const TOUCH_MS = 1_000;
/** A lock of another host is taken over when its file was not touched for so long. */
const FOREIGN_STALE_MS = 15_000;
/** After taking a dead server's place: time in which another one that does the same shows itself. */
const SETTLE_MS = 50;
const WATCH_MS = 500;
const LEFTOVER_MS = 60_000;
const CONNECT_TIMEOUT_MS = 2_000;
/** How often a holder on this machine is looked at while it may be ending. */
const POLL_MS = 100;

export interface FolderLockOptions {
  readonly folder: string;
  /** How long to wait for a holder on this machine to end. */
  readonly waitMs: number;
  /** Called once with a sentence, if it waits. */
  readonly onWait: (message: string) => void;
  /** For tests: how long a foreign lock must be untouched. */
  readonly foreignStaleMs?: number;
}

/** Held from `acquireFolderLock` until `release`. */
export class FolderLock {
  readonly file: string;
  readonly token: string;
  readonly #own: LockFile;
  readonly #server: Server;
  readonly #address: SocketAddress;
  readonly #timer: NodeJS.Timeout;
  #released: Promise<void> | undefined;

  constructor(file: string, token: string, own: LockFile, server: Server, address: SocketAddress) {
    this.file = file;
    this.token = token;
    this.#own = own;
    this.#server = server;
    this.#address = address;
    this.#timer = setInterval(() => own.touch(), TOUCH_MS);
    this.#timer.unref();
  }

  /** Resolves when another server may have the folder. Idempotent. */
  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #release(): Promise<void> {
    clearInterval(this.#timer);
    this.#own.close();
    // Only while it is this one: a server that took the folder over keeps its own.
    if (readLock(this.file)?.record?.token === this.token) rmSync(this.file, { force: true });
    await closeSocket(this.#server, this.#address);
  }
}

/** The record's file while it is being put in place, and afterwards: always this one, whatever stands under its name. */
class LockFile {
  readonly path: string;
  readonly #text: string;
  readonly #descriptor: number;

  constructor(path: string, record: LockRecord) {
    this.path = path;
    this.#text = encodeLockRecord(record);
    this.#descriptor = openSync(path, 'wx', 0o600);
    try {
      writeSync(this.#descriptor, this.#text, 0);
    } catch (error) {
      closeSync(this.#descriptor);
      rmSync(path, { force: true });
      throw error;
    }
  }

  /**
   * Writes the same bytes again, so that the modification time comes from the clock of the file system, which all hosts
   * see. A failure is ignored: the worker checks the file before each commit.
   */
  touch(): void {
    try {
      writeSync(this.#descriptor, this.#text, 0);
    } catch {
      // See above.
    }
  }

  modifiedAtMs(): number {
    return fstatSync(this.#descriptor).mtimeMs;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/**
 * Takes the folder for this process. Waits a while for a holder that may be ending: a server whose parent was killed
 * stops within seconds.
 * @throws ServerError `locked`, `storage_full`, `fatal`: a sentence that names the folder and what to do
 */
export async function acquireFolderLock(options: FolderLockOptions): Promise<FolderLock> {
  try {
    return await acquire(options);
  } catch (error) {
    throw error instanceof ServerError ? error : unusableFolder(options.folder, error as NodeJS.ErrnoException);
  }
}

async function acquire(options: FolderLockOptions): Promise<FolderLock> {
  const { folder } = options;
  const record: LockRecord = {
    host: hostname(),
    boot: bootId(),
    pid: process.pid,
    token: randomBytes(16).toString('hex'),
  };
  const address = socketAddress(folder, socketName(record.token));
  const server = await listen(folder, address);
  try {
    const own = new LockFile(join(folder, `${LOCK_FILE}-${record.token.slice(0, 12)}.new`), record);
    await claimWith(options, record, own);
    removeLeftovers(folder);
    return new FolderLock(join(folder, LOCK_FILE), record.token, own, server, address);
  } catch (error) {
    await closeSocket(server, address);
    throw error;
  }
}

async function claimWith(options: FolderLockOptions, record: LockRecord, own: LockFile): Promise<void> {
  try {
    await claim(options, record, own);
  } catch (error) {
    own.close();
    throw error;
  } finally {
    rmSync(own.path, { force: true });
  }
}

async function claim(options: FolderLockOptions, record: LockRecord, own: LockFile): Promise<void> {
  const file = join(options.folder, LOCK_FILE);
  const deadlineMs = performance.now() + options.waitMs;
  let isWaiting = false;
  for (;;) {
    const found = readLock(file);
    if (found === undefined) {
      if (tryLink(own.path, file)) return;
      continue;
    }
    if (found.record?.boot === record.boot) {
      if (await answers(socketAddress(options.folder, socketName(found.record.token)))) {
        if (performance.now() >= deadlineMs) throw lockedError(options.folder, found.record);
        if (!isWaiting) options.onWait(waitMessage(options, found.record));
        isWaiting = true;
        await delay(POLL_MS);
        continue;
      }
    } else {
      await expectUntouched(options, file, found, own);
    }
    // Nothing is awaited between this look and the rename.
    if (readLock(file)?.record?.token !== found.record?.token) continue;
    renameSync(own.path, file);
    // Two servers may have found the same lock abandoned: the later rename counts, the earlier one sees it now.
    await delay(SETTLE_MS);
    if (readLock(file)?.record?.token === record.token) return;
    throw lockedError(options.folder, readLock(file)?.record);
  }
}

function tryLink(candidate: string, file: string): boolean {
  try {
    linkSync(candidate, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!isUnsupported(code)) throw error;
    throw missingFeature(dirname(file), 'hard links', error as NodeJS.ErrnoException);
  }
}

/** Of another host, or an earlier run of this one: resolves when nothing touched it for long enough, throws otherwise. */
async function expectUntouched(
  options: FolderLockOptions,
  file: string,
  found: FoundLock,
  own: LockFile,
): Promise<void> {
  const { record } = found;
  const staleMs = options.foreignStaleMs ?? FOREIGN_STALE_MS;
  own.touch();
  let remainingMs = staleMs - (own.modifiedAtMs() - found.touchedAtMs);
  while (remainingMs > 0) {
    await delay(Math.min(WATCH_MS, remainingMs));
    remainingMs -= WATCH_MS;
    const again = readLock(file);
    if (again === undefined || again.record?.token !== record?.token) return;
    if (again.touchedAtMs !== found.touchedAtMs) throw lockedError(options.folder, record);
  }
}

function waitMessage({ folder, waitMs }: FolderLockOptions, { pid, host }: LockRecord): string {
  const seconds = Math.ceil(waitMs / 1_000);
  return `The data folder ${folder} is in use by process ${pid} on ${host}; waiting up to ${seconds} s for it to end`;
}

function lockedError(folder: string, record: LockRecord | undefined): ServerError {
  const holder = record === undefined ? 'another server' : `process ${record.pid} on ${record.host}`;
  return new ServerError(
    'locked',
    `the data folder ${folder} is in use by ${holder}: stop that server first, or give this one another folder with --data`,
  );
}

function listen(folder: string, address: SocketAddress): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error) => {
      address.release();
      const { code } = error as NodeJS.ErrnoException;
      reject(isUnsupported(code) ? missingFeature(folder, 'Unix sockets', error) : error);
    });
    server.listen(address.path, () => resolve(server));
  });
}

function closeSocket(server: Server, address: SocketAddress): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      address.release();
      resolve();
    });
  });
}

/** Whether a process listens. The kernel answers for one that is stopped or busy. */
function answers(address: SocketAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(address.path);
    const settle = (isAlive: boolean): void => {
      socket.destroy();
      address.release();
      resolve(isAlive);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => settle(true));
    socket.once('connect', () => settle(true));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

/** Sockets and files of servers that were killed. Young ones may belong to a server that is starting beside us. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!/^lock-[0-9a-f]{12}\.(sock|new)$/.test(name)) continue;
    const path = join(folder, name);
    const isOld = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NaN) > LEFTOVER_MS;
    if (isOld && !name.includes(currentSocket(folder))) rmSync(path, { force: true });
  }
}

function currentSocket(folder: string): string {
  return readLock(join(folder, LOCK_FILE))?.record?.token.slice(0, 12) ?? '';
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    // Elsewhere: what stays the same as long as the machine runs is its name.
    return `host:${hostname()}`;
  }
}
