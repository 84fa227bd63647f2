// The bodies that can be sent, for the compiler and at run time.

/**
 * An object of an `interface` or a class, which has no index signature and so is not a `JsonValue` to the compiler. The
 * members exclude objects that are not JSON: functions, arrays of bytes, maps, sets, promises.
 */
type JsonObjectInput = object & {
  readonly apply?: never;
  readonly slice?: never;
  readonly forEach?: never;
  readonly then?: never;
};

type JsonInput =
  | string
  | number
  | boolean
  | null
  | readonly JsonInput[]
  | { readonly [name: string]: JsonInput | undefined }
  | JsonObjectInput;

/** Any JSON value, or bytes. */
export type SendBody = JsonInput | Uint8Array;

/**
 * The JSON text of a body. JSON.stringify alone would silently write NaN as `null` and a Map as `{}`. An undefined field
 * is left out, as usual in JSON.
 * @throws TypeError  part of it is not JSON
 */
export function jsonTextOf(body: SendBody): string {
  return JSON.stringify(body, checked);
}

function checked(this: unknown, key: string, value: unknown): unknown {
  const isJson =
    typeof value === 'object'
      ? value === null || Array.isArray(value) || Object.prototype.toString.call(value) === '[object Object]'
      : typeof value === 'number'
        ? Number.isFinite(value)
        : typeof value === 'string' ||
          typeof value === 'boolean' ||
          (value === undefined && key !== '' && !Array.isArray(this));
  if (!isJson) throw new TypeError(`${String(value)} is not JSON`);
  return value;
}
