// The codecs most endpoints want: JSON in text messages.
import { EndpointError } from '../errors.js';
import { answeredAtOnce, isThenable } from '../promises.js';
import type { TextMessageDecoder } from './decoders.js';
import type { Encoder } from './encoders.js';

/** Says whether a value is what an application expects. */
type Guard<Decoded> = (value: unknown) => value is Decoded;

/**
 * Decodes text messages as JSON and checks what comes out: with a function that is a type guard, or with a schema of
 * any library that follows Standard Schema. What is no JSON, or not what is expected, reaches `onError` as
 * decode_failed; the schema's findings are in its message. Without a check anything that is JSON passes.
 * ```ts
 * defineEndpoint('/orders', {
 *   decoders: [jsonDecoder((value): value is Order => typeof (value as Order)?.symbol === 'string')],
 *   encoders: [jsonEncoder],
 *   onObject: (order) => ({ accepted: order.symbol }),
 * });
 * ```
 * @throws EndpointError invalid_codec when `check` is neither
 */
export function jsonDecoder(): TextMessageDecoder<unknown>;
export function jsonDecoder<Decoded>(check: Guard<Decoded> | StandardSchema<Decoded>): TextMessageDecoder<Decoded>;
export function jsonDecoder(
  check: ((value: unknown) => boolean) | StandardSchema = () => true,
): TextMessageDecoder<unknown> {
  // A schema may itself be a function: ArkType's are.
  const schema = (check as Partial<StandardSchema> | null)?.['~standard'];
  if (schema !== undefined) {
    return {
      decode(message) {
        const result = schema.validate(JSON.parse(message));
        return isThenable(result)
          ? Promise.resolve(result as PromiseLike<SchemaResult<unknown>>).then(valueIn)
          : valueIn(result);
      },
    };
  }
  if (typeof check !== 'function') {
    throw new EndpointError('invalid_codec', 'jsonDecoder takes a guard function or a Standard Schema');
  }
  return {
    decode(message) {
      const value: unknown = JSON.parse(message);
      if (answeredAtOnce('a guard', check(value)) === true) return value;
      throw new TypeError('the message is JSON, but not what the check expects');
    },
  };
}

function valueIn(result: SchemaResult<unknown>): unknown {
  if (result.issues !== undefined) throw new TypeError(sentenceOf(result.issues));
  return result.value;
}

/** Encodes objects, arrays, numbers and booleans as JSON in text messages. */
export const jsonEncoder: Encoder<object | number | boolean> = Object.freeze({
  willEncode: (value: unknown) =>
    (typeof value === 'object' && value !== null) || typeof value === 'number' || typeof value === 'boolean',
  encode(value: object | number | boolean): string {
    // What has a toJSON may still come out as nothing.
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) throw new TypeError('the value has no JSON form');
    return text;
  },
});

export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The issues in a sentence: `price: expected a number; symbol: too long`. */
export function sentenceOf(issues: readonly SchemaIssue[]): string {
  return issues
    .map(({ message, path = [] }) => {
      const place = path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
      return place === '' ? message : `${place}: ${message}`;
    })
    .join('; ');
}
