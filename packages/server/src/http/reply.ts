// Answers of the HTTP side: JSON, errors in the form of the protocol's catalogue, the same safe headers on all.

import type { ServerResponse } from 'node:http';
import { type ErrorCode, errorCatalogue } from '@longwire/protocol';

/** Headers of every response. A page gets a policy of its own on top. */
export const safeHeaders: Readonly<Record<string, string>> = Object.freeze({
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
});

export interface HttpError {
  readonly status: number;
  readonly code: ErrorCode;
  /** What was expected, what came, what to do. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends `value` as JSON. */
export function replyJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  response.writeHead(status, {
    ...safeHeaders,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(body);
}

/** Sends an error: `{"type":"error","code":…,"message":…,"retryable":…}`. */
export function replyError(response: ServerResponse, error: HttpError): void {
  replyJson(response, error.status, errorBody(error), error.headers);
}

/** The same as raw bytes, for a connection whose request could not be parsed; the connection is to be ended after it. */
export function rawErrorResponse(error: HttpError, reason: string): string {
  const body = `${JSON.stringify(errorBody(error))}\n`;
  const headers = {
    ...safeHeaders,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${error.status} ${reason}\r\n${lines.join('')}\r\n${body}`;
}

function errorBody({ code, message }: HttpError): object {
  return { type: 'error', code, message, retryable: errorCatalogue[code].retryable };
}
