// How a command ends, for scripts.

export const ExitCode = Object.freeze({
  /** Done. */
  ok: 0,
  /** It was asked rightly and did not work: refused, unreachable, lost. */
  failed: 1,
  /** It was asked wrongly: flags, arguments, configuration. */
  usage: 2,
});

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** How a command says that it ended otherwise than well, when it has told why already. */
export type SetExitCode = (code: number) => void;

/** Ends a command with a sentence on stderr. */
export class CliFailure extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'CliFailure';
    this.exitCode = exitCode;
  }
}
