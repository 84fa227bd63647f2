// Every error code of the protocol. Codes are never renamed or reused.

import { CloseCode } from './close-codes.js';

/** One row of an error catalogue. */
export interface ErrorDescription {
  /** Whether the same command may be repeated as it is. On a `send`: it may be stored, so repeat it with the same key. */
  readonly retryable: boolean;
  /** The code with which the server closes after it refused a `connect` with this error; undefined: it does not close. */
  readonly closeCode?: number | undefined;
  readonly meaning: string;
}

const catalogue = {
  malformed: { retryable: false, meaning: 'The message is not a JSON object that can be read as a command' },
  unknown_type: { retryable: false, meaning: 'This server has no command of this type' },
  invalid_field: { retryable: false, meaning: 'A field is missing, of the wrong type, or out of its range' },
  too_large: { retryable: false, meaning: 'The command or its body is larger or nested deeper than allowed' },
  unauthenticated: {
    retryable: false,
    closeCode: CloseCode.badToken,
    meaning: 'No valid credentials were given, or `connect` has not been sent yet',
  },
  token_expired: {
    retryable: false,
    closeCode: CloseCode.tokenExpired,
    meaning: 'The token was valid but has expired',
  },
  forbidden: {
    retryable: false,
    closeCode: CloseCode.revoked,
    meaning: 'The user is known but may not do this',
  },
  not_a_member: { retryable: false, meaning: 'The group does not exist for this user' },
  no_such_user: { retryable: false, meaning: 'The user id is new, and the server refuses new ids' },
  exists: { retryable: false, meaning: 'The thing to be created exists already' },
  blocked: { retryable: false, meaning: 'One of the two users has blocked the other' },
  stale_epoch: { retryable: false, meaning: 'The position belongs to an earlier epoch of the log; nothing was moved' },
  rate_limited: { retryable: true, meaning: 'Too many commands; repeat it after `afterMs`' },
  quota_exceeded: {
    retryable: false,
    closeCode: CloseCode.sessionLimit,
    meaning: 'A quota of the user is exhausted',
  },
  storage_full: {
    retryable: false,
    meaning: 'The disk is full or nearly full: nothing of this was stored; reading still works',
  },
  unavailable: {
    retryable: true,
    closeCode: CloseCode.internal,
    meaning: 'The server cannot do this at the moment; repeat it, after `afterMs` if given',
  },
  internal: {
    retryable: true,
    closeCode: CloseCode.internal,
    meaning: 'The server failed; its log has the details',
  },
} as const satisfies Record<string, ErrorDescription>;

export type ErrorCode = keyof typeof catalogue;

/** Code → its row. */
export const errorCatalogue: Readonly<Record<ErrorCode, ErrorDescription>> = Object.freeze(catalogue);

/** Whether `text` is a code that this version knows; a newer server may send others. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCatalogue, text);
}

/** The fields of an error, as answer and as push. */
export interface ErrorFields {
  /** One of `ErrorCode`; a newer server may send others. */
  readonly code: ErrorCode | (string & Record<never, never>);
  /** What was expected, what was received, what to do. For people: never branch on it. */
  readonly message: string;
  readonly retryable: boolean;
  readonly afterMs?: number | undefined;
}
