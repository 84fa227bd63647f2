// The built command as a child process, as a shell would run it.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export interface CliResult {
  /** Exit code, or the signal that ended it. */
  readonly exit: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class CliProcess {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>, cwd: string) {
    // Nothing of the caller's own settings may reach the command under test.
    const { PATH = '', HOME = '' } = process.env;
    this.child = spawn(process.execPath, [MAIN, ...args], { env: { PATH, HOME, ...environment }, cwd });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.result = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        resolve({ exit: signal ?? code, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  end(text = ''): void {
    this.child.stdin?.end(text);
  }

  /** Resolves when stdout matches; rejects with what there is if the process ends or it takes too long. */
  async shows(pattern: RegExp, withinMs = 15_000): Promise<RegExpExecArray> {
    const deadline = performance.now() + withinMs;
    let hasEnded = false;
    void this.result.then(() => {
      hasEnded = true;
    });
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match !== null) return match;
      if (hasEnded || performance.now() > deadline) {
        throw new Error(`never showed ${pattern}:\n${this.stdout}\n${this.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
