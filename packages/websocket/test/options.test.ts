import { expect, it } from 'vitest';
import { WebSocketError, webSocketErrorCatalogue } from '../src/errors.js';
import { resolveWebSocketOptions } from '../src/options.js';

const invalid = (message: RegExp) =>
  expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(message) });

it('fills defaults and freezes the result', () => {
  const options = resolveWebSocketOptions();
  expect(options).toMatchObject({ maxMessageBytes: 1_048_576, heartbeatMs: 25_000, perMessageDeflate: false });
  expect(Object.isFrozen(options)).toBe(true);
  expect(resolveWebSocketOptions({ ...options })).toEqual(options);
});

it('gives back what it has resolved, so that every handshake may ask', () => {
  const options = resolveWebSocketOptions({ maxMessageBytes: 7 });
  expect(resolveWebSocketOptions(options)).toBe(options);
});

it('fills the defaults of compression when it is switched on', () => {
  const options = resolveWebSocketOptions({ perMessageDeflate: true });
  expect(options.perMessageDeflate).toMatchObject({ serverNoContextTakeover: true, thresholdBytes: 1024 });
  expect(resolveWebSocketOptions({ ...options })).toEqual(options);
});

it('refuses an unknown name and says which one is nearest, or which there are', () => {
  const given = { maxMesageBytes: 1 } as object;
  expect(() => resolveWebSocketOptions(given)).toThrowError(invalid(/did you mean "maxMessageBytes"\?/));
  const deflate = { perMessageDeflate: { tresholdBytes: 1 } } as object;
  expect(() => resolveWebSocketOptions(deflate)).toThrowError(
    invalid(/perMessageDeflate has no option "tresholdBytes"; did you mean "thresholdBytes"\?/),
  );
  const other = { perMessageDeflate: { dictionary: 1 } } as object;
  expect(() => resolveWebSocketOptions(other)).toThrowError(invalid(/known are serverMaxWindowBits, .*thresholdBytes/));
});

it.each([
  [{ maxMessageBytes: 0 }],
  [{ heartbeatMs: -1 }],
  [{ closeTimeoutMs: 1.5 }],
  [{ closeTimeoutMs: Number.NaN }],
  [{ slowReaderCloseCode: 1000 }],
  [{ bufferOverflowCloseCode: 1006 }],
  [{ socketWrites: 'direct' }],
  [{ perMessageDeflate: { serverMaxWindowBits: 7 } }],
  [{ perMessageDeflate: { level: 10 } }],
  [{ perMessageDeflate: { serverNoContextTakeover: 1 } }],
  [{ perMessageDeflate: 'yes' }],
])('refuses %j', (given) => {
  expect(() => resolveWebSocketOptions(given as object)).toThrowError(
    expect.objectContaining({ code: 'invalid_option' }),
  );
});

it('gives every error its close code, whether it may be tried again, and its cause', () => {
  const cause = new Error('why');
  const error = new WebSocketError('message_too_big', 'too big', { cause });
  expect(error).toMatchObject({ name: 'WebSocketError', closeCode: 1009, retryable: false, cause });
  expect(new WebSocketError('reader_too_slow', 'slow', { closeCode: 4321 }).closeCode).toBe(4321);
  for (const entry of Object.values(webSocketErrorCatalogue)) expect(entry.meaning).not.toBe('');
});
