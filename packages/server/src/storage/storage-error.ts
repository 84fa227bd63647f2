// The one error class of the storage floor; the transport translates it into a wire code, the details stay in the log.

export type StorageErrorCode = 'storage_full' | 'corrupt' | 'locked' | 'newer_schema' | 'closed' | 'fatal';

export class StorageError extends Error {
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }

  /** The same call may succeed later without anybody changing it. */
  get retryable(): boolean {
    return this.code === 'storage_full';
  }
}
