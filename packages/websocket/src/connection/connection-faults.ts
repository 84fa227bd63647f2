// The typed errors of a live connection, worded once.
import { WebSocketError } from '../errors.js';
import type { ResolvedWebSocketOptions } from '../options.js';

export function lostError(cause?: unknown): WebSocketError {
  return new WebSocketError('connection_lost', 'the TCP connection ended without a closing handshake', { cause });
}

export function terminatedError(): WebSocketError {
  return new WebSocketError('connection_terminated', 'terminate() was called');
}

export function endedError(cause: unknown): WebSocketError {
  return new WebSocketError('connection_ended', 'the connection has begun to close', { cause });
}

export function overflowError(options: ResolvedWebSocketOptions): WebSocketError {
  const message = `more than ${options.maxBufferedBytes} bytes of output wait for the peer`;
  return new WebSocketError('send_queue_full', message, { closeCode: options.bufferOverflowCloseCode });
}

export function deadError(options: ResolvedWebSocketOptions): WebSocketError {
  const ms = options.heartbeatMs + options.heartbeatGraceMs;
  return new WebSocketError('heartbeat_missed', `no sign of life for ${ms} ms`, {
    closeCode: options.heartbeatCloseCode,
  });
}

export function slowError(options: ResolvedWebSocketOptions): WebSocketError {
  const message = `less than ${options.minDrainBytesPerSecond} bytes/s taken over ${options.slowReaderMs} ms`;
  return new WebSocketError('reader_too_slow', message, { closeCode: options.slowReaderCloseCode });
}

export function closeTimeoutError(options: ResolvedWebSocketOptions): WebSocketError {
  return new WebSocketError('close_timeout', `the closing handshake took longer than ${options.closeTimeoutMs} ms`);
}
