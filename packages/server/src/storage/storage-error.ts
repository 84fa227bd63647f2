// The one error class of the storage floor; the transport translates it into a wire code, the details stay in the log.

export type StorageErrorCode = 'storage_full' | 'corrupt' | 'locked' | 'newer_schema' | 'closed' | 'fatal';

export class StorageError extends Error {
  readonly code: StorageErrorCode;
  /** With `corrupt`: the offset of the unreadable entry in the channel that was read. */
  readonly offset: number | undefined;

  constructor(
    code: StorageErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly offset?: number },
  ) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
    this.offset = options?.offset;
  }

  /** The same call may succeed later without anybody changing it. */
  get retryable(): boolean {
    return this.code === 'storage_full';
  }
}
