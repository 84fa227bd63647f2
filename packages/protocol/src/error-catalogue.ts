// Every error code of the protocol. Codes are never renamed nor reused.

interface ErrorDescription {
  /** Whether the same command may be repeated as it is. On a `send`: it is perhaps stored, repeat it with the same key. */
  readonly retryable: boolean;
  readonly meaning: string;
}

const catalogue = {
  malformed: { retryable: false, meaning: 'The message is not a JSON object that can be read as a command' },
  unknown_type: { retryable: false, meaning: 'No command has this type, or this server does not offer it' },
  invalid_field: { retryable: false, meaning: 'A field is missing, of the wrong type, or out of its range' },
  too_large: { retryable: false, meaning: 'The command or its body is larger or nested deeper than allowed' },
  unauthenticated: { retryable: false, meaning: 'No valid credentials were given, or `connect` has not come yet' },
  token_expired: { retryable: false, meaning: 'The token was valid but its time is over' },
  forbidden: { retryable: false, meaning: 'The user is known but may not do this' },
  not_a_member: { retryable: false, meaning: 'The group does not exist for this user' },
  no_such_user: { retryable: false, meaning: 'The user id was never seen and the server refuses unseen ids' },
  exists: { retryable: false, meaning: 'What was to be created is already there' },
  blocked: { retryable: false, meaning: 'One of the two users has blocked the other' },
  stale_epoch: { retryable: false, meaning: 'The position belongs to an earlier life of the log; nothing was moved' },
  rate_limited: { retryable: true, meaning: 'Too many commands; come back after `afterMs`' },
  quota_exceeded: { retryable: false, meaning: 'A bound on new peers or on undelivered bytes is reached' },
  storage_full: { retryable: false, meaning: 'The disk is full: nothing of this was stored; reading goes on' },
  unavailable: {
    retryable: true,
    meaning: 'The server cannot do it at this moment; come back after `afterMs` if given',
  },
  internal: { retryable: true, meaning: 'The server failed; what happened is in its log' },
} as const satisfies Record<string, ErrorDescription>;

export type ErrorCode = keyof typeof catalogue;

/** Code → whether it is worth repeating, and what it says. */
export const errorCatalogue: Readonly<Record<ErrorCode, ErrorDescription>> = Object.freeze(catalogue);

/** Whether `text` is a code that this version knows; a newer server may send others. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCatalogue, text);
}

/** What an error says, whether it answers a command or comes as a push. */
export interface ErrorFields {
  /** One of `ErrorCode`; a newer server may name others. */
  readonly code: ErrorCode | (string & Record<never, never>);
  /** What was expected, what came, what to do. For people: never branch on it. */
  readonly message: string;
  readonly retryable: boolean;
  readonly afterMs?: number | undefined;
}
