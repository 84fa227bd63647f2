// What is wrong with a configuration: everything at once, each with the place it came from.

/** One thing to put right. */
export interface ConfigProblem {
  /** Key of the setting, e.g. `limits.outboxBytes`; undefined if the problem is that of a whole source. */
  readonly key: string | undefined;
  /** What was expected, what came, from where, and what to do. */
  readonly message: string;
}

/** The configuration cannot be used; nothing was started. */
export class ConfigError extends Error {
  readonly code = 'invalid_config';
  readonly retryable = false;
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: { readonly cause?: unknown }) {
    super(problems.map((problem) => problem.message).join('\n'), options);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
