// The error class of the SDK, with the codes of the protocol and its own.

import type { ErrorCode, ErrorDescription, ErrorFields } from '@longwire/protocol';

/** The codes of the SDK itself. They are never renamed or reused. */
export const clientErrorCatalogue = Object.freeze({
  aborted: { retryable: false, meaning: 'The AbortSignal aborted before the answer arrived' },
  closed: { retryable: false, meaning: 'The client was closed by `close()`' },
  stopped: { retryable: false, meaning: 'The server ended the session and the client does not reconnect by itself' },
  user_changed: { retryable: false, meaning: 'Another user would be signed in: make a new client for them' },
  connection_failed: { retryable: true, meaning: 'The first connection could not be made; the client keeps trying' },
  outbox_full: { retryable: true, meaning: 'More sends are pending than `maxPendingSends` or `maxPendingBytes` allow' },
  signal_dropped: {
    retryable: true,
    meaning: 'A signal was not sent, or not confirmed: there was no connection, or too many waited for their answers',
  },
  token_failed: { retryable: true, meaning: '`getToken` threw, returned no text, or took too long' },
  position_fault: { retryable: true, meaning: 'Entries were missing without a gap; the client reconnects for them' },
  malformed_message: { retryable: true, meaning: 'The server sent something that is not part of this protocol' },
  handler_failed: { retryable: false, meaning: 'A handler of the app threw or rejected' },
  device_store_failed: { retryable: false, meaning: 'The device id could not be read or kept' },
} as const satisfies Record<string, ErrorDescription>);

export type ClientErrorCode = keyof typeof clientErrorCatalogue;

export interface LongwireErrorDetails {
  readonly retryable?: boolean | undefined;
  /** The wait that the server asked for. */
  readonly afterMs?: number | undefined;
  /** The WebSocket close code that ended the session. */
  readonly closeCode?: number | undefined;
  /** Of a send: with this key a repeat is recognised. */
  readonly key?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The error of every rejected promise of the SDK and of the `error` event. Branch on `code`, never on `message`.
 * `retryable`: the same call may succeed later. `perhapsStored`: what a failed send left behind.
 */
export class LongwireError extends Error {
  override readonly name = 'LongwireError';
  /** A code of the protocol's `errorCatalogue` or of `clientErrorCatalogue`; a newer server may send others. */
  readonly code: ErrorCode | ClientErrorCode | (string & Record<never, never>);
  readonly retryable: boolean;
  /**
   * Of a send: the message may be in the log. Repeat it with `error.key`, and it is stored once. False: it is certainly
   * not stored, even if it is worth repeating (`outbox_full`).
   */
  readonly perhapsStored: boolean;
  readonly afterMs: number | undefined;
  readonly closeCode: number | undefined;
  readonly key: string | undefined;

  constructor(code: ClientErrorCode | ErrorFields['code'], message: string, details: LongwireErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable ?? isRetryableClientError(code);
    // Only sends have a key. One that found the queue full was never sent.
    this.perhapsStored = this.retryable && details.key !== undefined && code !== 'outbox_full';
    this.afterMs = details.afterMs;
    this.closeCode = details.closeCode;
    this.key = details.key;
  }
}

/** An error of the server as an error of the SDK. */
export function errorFromServer(fields: ErrorFields, key?: string): LongwireError {
  const { code, message, retryable, afterMs } = fields;
  return new LongwireError(code, message, { retryable, afterMs, key });
}

function isRetryableClientError(code: string): boolean {
  return Object.hasOwn(clientErrorCatalogue, code) && clientErrorCatalogue[code as ClientErrorCode].retryable;
}
