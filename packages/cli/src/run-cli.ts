// From arguments to an exit code: every way a command can end, in one place.

import type { ServerError } from '@longwire/server';
import { CommanderError } from 'commander';
import { CliFailure, ExitCode } from './exit-code.js';
import { createProgram } from './program.js';
import { painter, type Terminal, usesColor, writeError } from './terminal.js';

/**
 * Runs a command. Never rejects.
 * @param args  without `node` and the script
 * @returns 0 done, 1 it did not work, 2 it was asked wrongly
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = ExitCode.ok;
  // A reader that has gone (`longwire tail | head -1`) ends the command, it does not crash it.
  terminal.stdout.on('error', () => undefined);
  try {
    const program = await createProgram(args, terminal, (code) => {
      exitCode = code;
    });
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, terminal);
  }
}

function report(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) {
    // Help and version were asked for; everything else commander has already explained.
    return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  }
  if (isBrokenPipe(error)) return ExitCode.ok;
  const paint = painter(usesColor(terminal, terminal.stderr));
  const say = (message: string) => writeError(terminal, `${paint('red', 'error:')} ${message}`);
  if (isConfigError(error)) {
    for (const problem of error.problems) say(problem.message);
    return ExitCode.usage;
  }
  if (error instanceof CliFailure) {
    say(error.message);
    return error.exitCode;
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return ExitCode.failed;
}

// By its code: the class lives in the server, which a client command does not load.
function isConfigError(error: unknown): error is ServerError {
  return error instanceof Error && (error as Partial<ServerError>).code === 'invalid_config';
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'EPIPE';
}
