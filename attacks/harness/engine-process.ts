// Starts and ends the echo server of engine-process.mjs.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WebSocketOptions } from '@longwire/websocket';

const PROGRAM = fileURLToPath(new URL('./engine-process.mjs', import.meta.url));

export class EngineProcess {
  readonly port: number;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #output: () => string;

  private constructor(child: ChildProcess, port: number, output: () => string) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.port = port;
    this.#output = output;
  }

  static async start(options: WebSocketOptions): Promise<EngineProcess> {
    const child = spawn(process.execPath, ['--expose-gc', PROGRAM, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const port = await Promise.race([
      once(child.stdout, 'data').then(([chunk]) => Number(String(chunk))),
      once(child, 'exit').then(() => Number.NaN),
    ]);
    if (!Number.isInteger(port)) throw new Error(`the echo server did not start:\n${output}`);
    return new EngineProcess(child, port, () => output);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/`;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it complained about. */
  get output(): string {
    return this.#output();
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
