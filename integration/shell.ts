// One bash that is given commands one after the other, as a person types them.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

export class Shell {
  readonly #child: ChildProcessWithoutNullStreams;
  #output = '';
  #commands = 0;
  #wake: () => void = () => undefined;

  constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.#child = spawn('bash', ['--noprofile', '--norc'], { cwd: folder, env: { ...process.env, ...environment } });
    this.#child.stdout.on('data', (chunk) => {
      this.#output += String(chunk);
      this.#wake();
    });
    // bash reports killed jobs here, and npm warns about its configuration.
    this.#child.stderr.resume();
    this.#child.once('exit', () => this.#wake());
  }

  /** What the command printed on stdout, less the last newline. A command that ends with "&" has printed nothing yet. */
  async run(command: string): Promise<string> {
    this.#commands += 1;
    const mark = `--- end of command ${this.#commands} ---\n`;
    const start = this.#output.length;
    this.#child.stdin.write(`${command}\nprintf '%s\\n' '${mark.trimEnd()}'\n`);
    while (!this.#output.endsWith(mark)) {
      if (this.#child.exitCode !== null) throw new Error(`the shell ended at: ${command}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#output.slice(start, -mark.length).replace(/\n$/, '');
  }

  /** Ends the shell and the last job it put into the background, if that still runs. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.stdin.end('[ -n "$!" ] && kill -9 "$!"; exit\n');
    await exited;
  }
}
