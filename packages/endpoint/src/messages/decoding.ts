// One message through the decoders of its kind to the handler for objects, or to the handler for what none of them takes.
import { EndpointError } from '../errors.js';
import { answeredAtOnce, isThenable } from '../promises.js';
import type { SessionCodecs } from './codecs.js';

type Message = string | Uint8Array;

/** Who takes what comes out. */
export interface DecodingTarget {
  /** The handler for objects. */
  takeObject(object: unknown): unknown;
  /** The handler for whole messages of this kind, undefined if there is none. */
  readonly takeRaw: ((message: Message) => unknown) | undefined;
}

/**
 * Gives what the handler returned, or a promise of it if the decoder takes its time.
 * @throws EndpointError decode_failed; whatever the handler throws
 */
export function decodeAndHandle(codecs: SessionCodecs, message: Message, target: DecodingTarget): unknown {
  const decoder = decoderFor(codecs, message);
  if (decoder === undefined) {
    if (target.takeRaw !== undefined) return target.takeRaw(message);
    throw new EndpointError('decode_failed', 'no decoder takes this message', { received: message });
  }
  let decoded: unknown;
  let isPending: boolean;
  try {
    decoded = decoder.decode(message);
    isPending = isThenable(decoded);
  } catch (cause) {
    throw decodeFailed(message, cause);
  }
  if (!isPending) return target.takeObject(decoded);
  return Promise.resolve(decoded).then(
    (object) => target.takeObject(object),
    (cause: unknown) => {
      throw decodeFailed(message, cause);
    },
  );
}

/** A decoder as it is called here, with messages of its own kind. */
interface AnyDecoder {
  willDecode?(message: Message): boolean;
  decode(message: Message): unknown;
}

function decoderFor(codecs: SessionCodecs, message: Message): AnyDecoder | undefined {
  const decoders = (typeof message === 'string' ? codecs.textDecoders : codecs.binaryDecoders) as readonly AnyDecoder[];
  try {
    return decoders.find(
      (decoder) =>
        decoder.willDecode === undefined || answeredAtOnce('willDecode', decoder.willDecode(message)) === true,
    );
  } catch (cause) {
    throw decodeFailed(message, cause);
  }
}

function decodeFailed(received: Message, cause: unknown): EndpointError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new EndpointError('decode_failed', `a message could not be decoded${why}`, { cause, received });
}
