// A program in a process of its own: what it prints, what it is sent, how it ends.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { until } from './until.js';

export interface ProgramOptions {
  readonly cwd?: string;
  /** The whole environment. Default: that of this process. */
  readonly environment?: Readonly<NodeJS.ProcessEnv>;
  /** Puts it into a process group of its own. */
  readonly detached?: boolean;
}

export interface ProgramResult {
  /** Exit code, or the signal that ended it. */
  readonly exit: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ProgramProcess>();
// A run that is aborted leaves no process behind.
process.once('exit', () => {
  for (const { child } of running) child.kill('SIGKILL');
});

export class ProgramProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves when it has ended and all its output has arrived. Rejects if it could not be started. */
  readonly result: Promise<ProgramResult>;
  stdout = '';
  stderr = '';
  /** Both streams, in the order of arrival. */
  output = '';
  #hasEnded = false;

  constructor([file = process.execPath, ...args]: readonly string[], options: ProgramOptions = {}) {
    const { cwd, environment = process.env, detached = false } = options;
    this.child = spawn(file, args, { cwd, env: environment, detached, stdio: 'pipe' });
    for (const name of ['stdout', 'stderr'] as const) {
      this.child[name].setEncoding('utf8').on('data', (text: string) => {
        this[name] += text;
        this.output += text;
      });
    }
    // A program that ends does not read the rest of its input.
    this.child.stdin.on('error', () => undefined);
    running.add(this);
    this.result = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        this.#hasEnded = true;
        running.delete(this);
        resolve({ exit: signal ?? code, stdout: this.stdout, stderr: this.stderr });
      });
    });
    // A rejection reaches those who await it; without them it is not an unhandled one.
    this.result.catch(() => undefined);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Writes to its standard input. */
  write(text: string): void {
    this.child.stdin.write(text);
  }

  /** Ends its standard input, as Ctrl+D does. */
  end(text = ''): void {
    this.child.stdin.end(text);
  }

  /** Resolves with the match once the stream matches; rejects with the output if the program ends before, or takes too long. */
  shows(
    pattern: RegExp,
    stream: 'stdout' | 'stderr' | 'output' = 'stdout',
    withinMs = 60_000,
  ): Promise<RegExpExecArray> {
    return this.#until(() => pattern.exec(this[stream]) ?? undefined, pattern, withinMs);
  }

  /** Resolves with the matches once at least `count` lines of the output match. */
  lines(pattern: RegExp, count = 1, withinMs = 60_000): Promise<RegExpExecArray[]> {
    const matchingLines = () => {
      const lines = this.output.split(/\r?\n/).map((line) => pattern.exec(line));
      const found = lines.filter((match) => match !== null);
      return found.length >= count ? found : undefined;
    };
    return this.#until(matchingLines, pattern, withinMs);
  }

  /** Sends the signal and resolves when the process is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ProgramResult> {
    this.child.kill(signal);
    return this.result;
  }

  #until<Found extends object>(find: () => Found | undefined, pattern: RegExp, withinMs: number): Promise<Found> {
    const findWhileRunning = () => {
      const found = find();
      if (found === undefined && this.#hasEnded) {
        throw new Error(
          `it ended with ${this.child.signalCode ?? this.child.exitCode} before ${pattern}:\n${this.output}`,
        );
      }
      return found;
    };
    return until(findWhileRunning, () => `${pattern} in:\n${this.output}`, withinMs) as Promise<Found>;
  }
}
