// A real `longwire serve` process on a data folder that outlives it: started, killed, started again, on one port.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../packages/cli/dist/main.js', import.meta.url));
const READY_WITHIN_MS = 20_000;

export class ServerProcess {
  readonly folder: string;
  readonly port: number;
  /** Standard output and error of all lives of the server. */
  output = '';
  readonly #settings: Readonly<Record<string, string>>;
  readonly #command: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(
    folder: string,
    port: number,
    settings: Readonly<Record<string, string>>,
    command: readonly string[],
  ) {
    this.folder = folder;
    this.port = port;
    this.#settings = settings;
    this.#command = command;
  }

  /**
   * Starts a server in auth dev on a new folder; resolves when it is ready.
   * @param command what runs Node, e.g. `['strace', '-f', process.execPath]`
   */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    command: readonly string[] = [process.execPath],
  ): Promise<ServerProcess> {
    const folder = settings['LONGWIRE_DATA'] ?? (await mkdtemp(join(tmpdir(), 'longwire-e2e-')));
    const server = new ServerProcess(folder, await freePort(), settings, command);
    await server.startAgain();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get gatewayUrl(): string {
    return `ws://127.0.0.1:${this.port}/v1/connect`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async startAgain(): Promise<void> {
    const [program = process.execPath, ...before] = this.#command;
    const child = spawn(program, [...before, CLI, 'serve'], {
      env: {
        ...process.env,
        NODE_ENV: 'test',
        LONGWIRE_PORT: String(this.port),
        LONGWIRE_DATA: this.folder,
        LONGWIRE_AUTH: 'dev',
        ...this.#settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    await this.#whenReady(child);
  }

  /** Resolves when the process is gone. */
  async kill(
    signal: NodeJS.Signals = 'SIGKILL',
  ): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    const child = this.#child;
    if (child === undefined) return { code: null, signal: null };
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    }
    return { code: child.exitCode, signal: child.signalCode };
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #whenReady(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (Date.now() < deadline) {
      if (child.exitCode !== null || child.signalCode !== null) break;
      const isReady = await fetch(`${this.url}/readyz`).then(
        (response) => response.ok,
        () => false,
      );
      if (isReady) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`the server did not become ready:\n${this.output}`);
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
