// From arguments to an exit code: every way a command can end, in one place.

import type { ServerError } from '@longwire/server';
import { CommanderError } from 'commander';
import { CliFailure, ExitCode, Interrupted, signalExitCode } from './exit-code.js';
import { createProgram } from './program.js';
import { printable } from './terminal/printable.js';
import { OutputError, painter, type Terminal, usesColor, write, writeError } from './terminal/terminal.js';

/**
 * Runs a command. Never rejects.
 * @param args  without `node` and the script
 * @returns 0 done, 1 failed, 2 invalid usage; 128 + its number if a signal interrupted a client command (130: Ctrl+C)
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = ExitCode.ok;
  let helpWritten = Promise.resolve();
  // Each write reports its own failure; without these listeners a failed one would end the process with a stack trace.
  terminal.stdout.on('error', () => undefined);
  terminal.stderr.on('error', () => undefined);
  try {
    const program = await createProgram(args, terminal, {
      setExitCode: (code) => {
        exitCode = code;
      },
      writeHelp: (text) => {
        helpWritten = write(terminal, text);
        helpWritten.catch(() => undefined);
      },
    });
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!isHelp(error)) return report(error, terminal);
  }
  try {
    await helpWritten;
    return ExitCode.ok;
  } catch (error) {
    return report(error, terminal);
  }
}

/** Commander ends `--help` and `--version` by an error of its own. */
function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}

function report(error: unknown, terminal: Terminal): number {
  // Commander has printed what is wrong.
  if (error instanceof CommanderError) return ExitCode.usage;
  if (error instanceof Interrupted) return signalExitCode(error.signal);
  const paint = painter(usesColor(terminal, terminal.stderr));
  const print = (message: string) => writeError(terminal, `${paint('red', 'error:')} ${printable(message)}`);
  if (error instanceof OutputError) {
    if (error.isReaderGone) return ExitCode.ok;
    // Node 20 aborts when a process ends by itself after its terminal was closed.
    if (error.isTerminalGone) return signalExitCode('SIGHUP');
    print(error.message);
    return ExitCode.failed;
  }
  if (isServerError(error)) {
    if (error.code !== 'invalid_config') print(error.message);
    for (const problem of error.problems) print(problem.message);
    return error.code === 'invalid_config' ? ExitCode.usage : ExitCode.failed;
  }
  if (error instanceof CliFailure) {
    print(error.message);
    return error.exitCode;
  }
  // The operating system refused something, such as reading a directory on stdin: its own words say it best.
  if (isSystemError(error)) print(error.message);
  else print(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return ExitCode.failed;
}

// By its name: the class lives in the server, which a client command does not load.
function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && error.name === 'ServerError';
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && (error as NodeJS.ErrnoException).syscall !== undefined;
}
