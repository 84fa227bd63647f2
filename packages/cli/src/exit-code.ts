// How a command ends, for scripts.

import { constants } from 'node:os';

export const ExitCode = Object.freeze({
  /** Done. */
  ok: 0,
  /** The request was valid but failed: refused, unreachable, connection lost. */
  failed: 1,
  /** Invalid flags, arguments, input or configuration. */
  usage: 2,
});

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Sets the exit code of a command that has already printed why it failed. */
export type SetExitCode = (code: number) => void;

/** Ends a command with a message on stderr. */
export class CliFailure extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'CliFailure';
    this.exitCode = exitCode;
  }
}

/** Ends a command that a signal interrupted, without a message. */
export class Interrupted extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.name = 'Interrupted';
    this.signal = signal;
  }
}

/** The code with which a shell reports a process that a signal ended: 130 for SIGINT. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** The signal that an exit code stands for; undefined for the codes of `ExitCode`. */
export function signalOf(exitCode: number): NodeJS.Signals | undefined {
  const names = Object.keys(constants.signals) as NodeJS.Signals[];
  return names.find((name) => signalExitCode(name) === exitCode);
}
