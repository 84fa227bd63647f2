// The errors that end a live connection, each with its message in one place.
import { WebSocketError } from '../../errors.js';
import type { ResolvedWebSocketOptions } from '../../options.js';

export const connectionErrors = {
  lost(cause?: unknown): WebSocketError {
    return new WebSocketError('connection_lost', 'the TCP connection ended without a closing handshake', { cause });
  },

  terminated(): WebSocketError {
    return new WebSocketError('connection_terminated', 'terminate() was called');
  },

  ended(cause: unknown): WebSocketError {
    return new WebSocketError('connection_ended', 'the connection has begun to close', { cause });
  },

  sendQueueFull(options: ResolvedWebSocketOptions): WebSocketError {
    const message = `more than ${options.maxBufferedBytes} bytes of output wait for the peer`;
    return new WebSocketError('send_queue_full', message, { closeCode: options.bufferOverflowCloseCode });
  },

  heartbeatMissed(options: ResolvedWebSocketOptions): WebSocketError {
    const message = `no sign of life for ${options.heartbeatMs + options.heartbeatGraceMs} ms`;
    return new WebSocketError('heartbeat_missed', message, { closeCode: options.heartbeatCloseCode });
  },

  readerTooSlow(options: ResolvedWebSocketOptions): WebSocketError {
    const message = `less than ${options.minDrainBytesPerSecond} bytes/s taken over ${options.slowReaderMs} ms`;
    return new WebSocketError('reader_too_slow', message, { closeCode: options.slowReaderCloseCode });
  },

  closeTimeout(options: ResolvedWebSocketOptions): WebSocketError {
    return new WebSocketError('close_timeout', `the closing handshake took longer than ${options.closeTimeoutMs} ms`);
  },

  handlerFailed(cause: unknown): WebSocketError {
    return new WebSocketError('handler_failed', 'a handler failed', { cause });
  },
};

/** Emits a process warning, for errors that no handler is left to take. */
export function warnOfError(cause: unknown): void {
  process.emitWarning(cause instanceof Error ? cause : new Error(`a WebSocket handler threw ${String(cause)}`));
}
