// The catalogue of what can go wrong in this package, and the one error class. Codes are never renamed or reused.

interface CatalogueRow {
  /** The same call may succeed later without a change of configuration or data. */
  readonly retryable: boolean;
  readonly meaning: string;
}

function row(retryable: boolean, meaning: string): CatalogueRow {
  return Object.freeze({ retryable, meaning });
}

export const serverErrorCatalogue = Object.freeze({
  // Configuration.
  invalid_config: row(false, 'The configuration has unknown, wrong or contradicting settings; `problems` lists them'),
  // The listening socket.
  port_taken: row(false, 'Another program listens on the port'),
  host_unknown: row(false, 'The machine does not have the address to listen on'),
  not_permitted: row(false, 'The process may not listen on this port, or not reach the server of another account'),
  listen_failed: row(false, 'The system refused to listen for another reason, which is the cause'),
  // A running server that an operator asks.
  not_running: row(true, 'No server answers on the data folder'),
  request_refused: row(false, 'The server did not do what was asked, or only until it restarts'),
  // The store.
  storage_full: row(true, 'There is no space: nothing of the call is stored, reads go on'),
  corrupt: row(false, 'Stored data contradicts itself or its checksum; `offset` names the entry, if it is one'),
  locked: row(false, 'Another server holds the data folder'),
  newer_schema: row(false, 'The store was written by a newer version'),
  overloaded: row(true, 'Too many calls wait for the store'),
  closed: row(false, 'The store was closed before the call'),
  fatal: row(false, 'The store cannot be opened, or cannot go on; the next start shows what the last write stored'),
});

export type ServerErrorCode = keyof typeof serverErrorCatalogue;

/** One thing to correct in a configuration. */
export interface ConfigProblem {
  /** Key of the setting, e.g. `limits.outboxBytes`; undefined for a problem of a whole source. */
  readonly key: string | undefined;
  /** What was expected, what came, from where, and what to do. */
  readonly message: string;
}

export interface ServerErrorDetails {
  readonly cause?: unknown;
  /** With `corrupt`: the offset of the unreadable entry in the channel that was read. */
  readonly offset?: number | undefined;
  /** With `invalid_config`: everything that is wrong, at once. */
  readonly problems?: readonly ConfigProblem[];
}

/** The one error class of this package. Branch on `code`, never on the message. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: ServerErrorCode;
  readonly retryable: boolean;
  readonly offset: number | undefined;
  readonly problems: readonly ConfigProblem[];

  constructor(code: ServerErrorCode, message: string, details?: ServerErrorDetails) {
    super(message, details?.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = serverErrorCatalogue[code].retryable;
    this.offset = details?.offset;
    this.problems = details?.problems ?? [];
  }
}

/** The error for a configuration that cannot be used. */
export function invalidConfig(problems: readonly ConfigProblem[], cause?: unknown): ServerError {
  return new ServerError('invalid_config', problems.map(({ message }) => message).join('\n'), { problems, cause });
}

/** Whether stored data is damaged: reading again gives the same. */
export function isCorrupt(error: unknown): error is ServerError {
  return error instanceof ServerError && error.code === 'corrupt';
}
