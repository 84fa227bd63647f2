// One object through the encoders of a session.
import { EndpointError } from '../errors.js';
import { kindOf } from '../option-checks.js';
import { answeredAtOnce, isThenable } from '../promises.js';
import type { SessionCodecs } from './codecs.js';
import type { Encoder } from './encoders.js';

/**
 * Returns the message, or a promise of it if the encoder takes its time; undefined if no encoder takes the value.
 * @throws EndpointError encode_failed; the promise rejects with it
 */
export function encode(
  codecs: SessionCodecs,
  value: unknown,
): string | Uint8Array | Promise<string | Uint8Array> | undefined {
  const encoder = encoderFor(codecs, value);
  if (encoder === undefined) return undefined;
  let encoded: unknown;
  try {
    encoded = encoder.encode(value);
    if (!isThenable(encoded)) return checked(encoded);
  } catch (cause) {
    throw encodeFailed(cause);
  }
  return Promise.resolve(encoded)
    .then(checked)
    .catch((cause: unknown) => {
      throw encodeFailed(cause);
    });
}

function encoderFor(codecs: SessionCodecs, value: unknown): Encoder | undefined {
  try {
    return codecs.encoders.find((encoder) => answeredAtOnce('willEncode', encoder.willEncode(value)) === true);
  } catch (cause) {
    throw encodeFailed(cause);
  }
}

function checked(encoded: unknown): string | Uint8Array {
  if (typeof encoded === 'string' || encoded instanceof Uint8Array) return encoded;
  throw new TypeError(`an encoder gives a string or a Uint8Array, not ${kindOf(encoded)}`);
}

function encodeFailed(cause: unknown): EndpointError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new EndpointError('encode_failed', `an object could not be encoded${why}`, { cause });
}
