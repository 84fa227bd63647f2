// What happens to the server of a disturbed run: it is killed, stopped, left without disk, set back.

import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findMountFault } from '@longwire/test-support/namespaces';
import { raisedRates } from '@longwire/test-support/raised-rates';
import type { SeededRandom } from '@longwire/test-support/seeded-random';
import { longwireCommand, ServerProcess } from '@longwire/test-support/server-process';
import { until } from '@longwire/test-support/until';
import type { Ledger } from './ledger.js';
import { pass } from './repeating-sender.js';
import type { WireSessions } from './wire-sessions.js';

export const disturbances = [
  'kill -9',
  'clean stop',
  'full disk',
  'copy of the stopped folder put back whole',
  'snapshot of the running folder put back whole',
  'copy of the stopped folder written over the files',
] as const;

export type Disturbance = (typeof disturbances)[number];

const DISK = '512m';
const SETTINGS = {
  ...raisedRates,
  LONGWIRE_LOG_LEVEL: 'warn',
  // The disk is filled to the last page, and keys leave the window of those that are known.
  LONGWIRE_LIMITS_MIN_FREE_BYTES: '0',
  LONGWIRE_LIMITS_KEY_WINDOW: '4096',
  // So that a device that was forgotten reads everything again, and nothing it lost can be taken for a long backlog.
  LONGWIRE_LIMITS_NEW_DEVICE_BACKLOG: '1000000',
};
const MIN_REFUSALS = 5;
const WAIT_MS = 60_000;

/** Why the disk cannot be filled here; undefined: it can. */
export const diskFault = findMountFault();

export class DisturbedServer {
  readonly server: ServerProcess;
  sessions!: WireSessions;
  readonly #disk: string;
  readonly #ledger: Ledger;

  private constructor(server: ServerProcess, disk: string, ledger: Ledger) {
    this.server = server;
    this.#disk = disk;
    this.#ledger = ledger;
  }

  /** On a disk of its own, where one can be mounted. */
  static async start(ledger: Ledger): Promise<DisturbedServer> {
    const disk = mkdtempSync(join(tmpdir(), 'longwire-chaos-'));
    if (diskFault === undefined) spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', disk]);
    const server = await ServerProcess.start({ ...SETTINGS, LONGWIRE_DATA: join(disk, 'data') });
    return new DisturbedServer(server, disk, ledger);
  }

  async remove(): Promise<void> {
    await this.server.remove();
    if (diskFault === undefined) spawnSync('umount', ['-l', this.#disk]);
    rmSync(this.#disk, { recursive: true, force: true });
  }

  /** Afterwards the server runs again. */
  async disturb(disturbance: Disturbance, random: SeededRandom): Promise<void> {
    const flow = () => pass(200 + random.below(800));
    switch (disturbance) {
      case 'kill -9':
        await this.#kill();
        return this.server.startAgain();
      case 'clean stop':
        await this.#stop();
        return this.server.startAgain();
      case 'full disk':
        return this.#fillDisk();
      case 'copy of the stopped folder put back whole':
        await this.#stop();
        this.#copy();
        await this.server.startAgain();
        await flow();
        return this.#putBack();
      case 'snapshot of the running folder put back whole':
        this.#copySnapshot();
        await flow();
        return this.#putBack();
      case 'copy of the stopped folder written over the files':
        await this.#stop();
        this.#copy();
        await this.server.startAgain();
        await flow();
        return this.#writeOver();
    }
  }

  async #kill(): Promise<void> {
    this.#ledger.crashes += 1;
    await this.server.kill('SIGKILL');
    await this.sessions.whenEnded();
  }

  /** What was accepted is written down; what was answered meanwhile counts. */
  async #stop(): Promise<void> {
    const result = await this.server.kill('SIGTERM');
    if (result?.exit !== 0) this.#ledger.fault(`SIGTERM ended the server with ${result?.exit}: ${result?.stderr}`);
    await this.sessions.whenEnded();
  }

  async #fillDisk(): Promise<void> {
    const refusals = () => this.#ledger.refusals.get('storage_full') ?? 0;
    const enough = refusals() + MIN_REFUSALS;
    const ballast = join(this.#disk, 'ballast');
    const { bavail, bsize } = statfsSync(this.#disk);
    try {
      writeFileSync(ballast, Buffer.alloc(bavail * bsize));
    } catch (error) {
      // The server took some of it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
    await until(() => refusals() >= enough, 'sends that are refused with storage_full', WAIT_MS);
    rmSync(ballast);
    const { acknowledged } = this.#ledger;
    await until(() => this.#ledger.acknowledged > acknowledged, 'sends that are stored again', WAIT_MS);
  }

  get #copyFolder(): string {
    return join(this.#disk, 'copy');
  }

  #copy(): void {
    this.#ledger.noteCopy();
    rmSync(this.#copyFolder, { recursive: true, force: true });
    const isKept = (path: string) => statSync(path).isFile() || statSync(path).isDirectory();
    cpSync(this.server.folder, this.#copyFolder, { recursive: true, filter: isKept });
  }

  /** All files as they are at one instant, as a snapshot of the volume has them. */
  #copySnapshot(): void {
    process.kill(this.server.pid, 'SIGSTOP');
    try {
      this.#copy();
    } finally {
      process.kill(this.server.pid, 'SIGCONT');
    }
  }

  async #putBack(): Promise<void> {
    await this.#kill();
    rmSync(this.server.folder, { recursive: true });
    cpSync(this.#copyFolder, this.server.folder, { recursive: true });
    this.#ledger.noteRestore();
    await this.server.startAgain();
  }

  /** The files keep their inodes, so the operator has to say it. */
  async #writeOver(): Promise<void> {
    await this.#stop();
    const { folder } = this.server;
    const files = readdirSync(this.#copyFolder, { withFileTypes: true }).filter((item) => item.isFile());
    for (const { name } of files) writeFileSync(join(folder, name), readFileSync(join(this.#copyFolder, name)));
    await promisify(execFile)(process.execPath, [longwireCommand, 'era', 'new', '--data', folder]);
    this.#ledger.noteRestore();
    await this.server.startAgain();
  }
}
