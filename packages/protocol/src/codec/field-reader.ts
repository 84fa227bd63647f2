// Reads and checks the fields of one command. Keeps the first problem instead of throwing, so that the decoders read
// straight down. Once there is a problem, the values that the methods return must not be used.

import type { ErrorCode } from '../catalogue/error-catalogue.js';
import { fieldLimits } from '../catalogue/limits.js';
import type { ClientDescription } from '../messages/commands.js';
import type { JsonValue } from '../messages/json-value.js';
import { type Address, isAddress } from '../names/address.js';
import { type DeviceId, type GroupId, parseDeviceId, parseGroupId, parseUserId, type UserId } from '../names/ids.js';
import { type Epoch, isOffset, type Position, parseEpoch } from '../names/position.js';
import { base64ByteLength } from './base64.js';
import { fitsUtf8Bytes, utf8ByteLength } from './utf8.js';

export interface FieldProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

/** An object that JSON.parse made. Only its own, enumerable properties are read. */
export type JsonObject = Readonly<Record<string, unknown>>;

const controlOrLoneSurrogate = /[\p{Cc}\p{Cs}]/u;
const controlButLineBreak = /(?![\n\t])[\p{Cc}\p{Cs}]/u;
const loneSurrogate = /\p{Cs}/u;
const signalName = /^[a-z0-9._-]+$/;
const visibleAscii = /^[!-~](?:[ -~]*[!-~])?$/;

export class FieldReader {
  readonly #source: JsonObject;
  readonly #commandType: string;
  #problem: FieldProblem | undefined;

  constructor(source: JsonObject, commandType: string) {
    this.#source = source;
    this.#commandType = commandType;
  }

  /** The first problem. */
  get problem(): FieldProblem | undefined {
    return this.#problem;
  }

  has(name: string): boolean {
    return this.#source[name] !== undefined;
  }

  /** Keeps the problem if it is the first: later ones may be its consequences. */
  report(name: string, expected: string, came = describe(this.#source[name]), code: ErrorCode = 'invalid_field'): void {
    const message = `${this.#commandType}.${name}: expected ${expected}, got ${came}; correct it and send it again`;
    this.#problem ??= { code, message };
  }

  flag(name: string): boolean | undefined {
    const value = this.#source[name];
    if (value === undefined || typeof value === 'boolean') return value;
    this.report(name, 'true or false');
    return undefined;
  }

  integer(name: string, min: number, max: number): number | undefined {
    const value = this.#source[name];
    if (value === undefined) return undefined;
    if (isOffset(value) && value >= min && value <= max) return value;
    this.report(name, `an integer from ${min} to ${max}`);
    return undefined;
  }

  /** An idempotency key or slot: any characters except control characters. */
  label(name: string, maxBytes: number): string | undefined {
    const value = this.#source[name];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && isText(value, maxBytes) && !controlOrLoneSurrogate.test(value)) return value;
    this.report(name, `a string of 1-${maxBytes} bytes without control characters`);
    return undefined;
  }

  requiredSignalName(): string {
    const value = this.#source['name'];
    const { signalNameBytes } = fieldLimits;
    if (typeof value === 'string' && value.length <= signalNameBytes && signalName.test(value)) return value;
    this.report('name', `1-${signalNameBytes} characters of a-z, 0-9, ".", "_" and "-"`);
    return '';
  }

  token(): string | undefined {
    const value = this.#source['token'];
    return value === undefined ? undefined : this.requiredToken();
  }

  requiredToken(): string {
    const value = this.#source['token'];
    if (typeof value === 'string' && isText(value, fieldLimits.tokenBytes) && !controlOrLoneSurrogate.test(value)) {
      return value;
    }
    this.report('token', `a string of 1-${fieldLimits.tokenBytes} bytes`);
    return '';
  }

  contentType(): string | undefined {
    const value = this.#source['contentType'];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value.length <= fieldLimits.contentTypeBytes && visibleAscii.test(value)) {
      return value;
    }
    this.report('contentType', `a media type of 1-${fieldLimits.contentTypeBytes} ASCII characters`);
    return undefined;
  }

  device(): DeviceId | undefined {
    const value = this.#source['device'];
    if (value === undefined) return undefined;
    const device = typeof value === 'string' ? parseDeviceId(value) : undefined;
    if (device === undefined)
      this.report('device', 'a device id: 1-128 bytes in NFC without white space, control characters or "/"');
    return device;
  }

  /** Each user once, in the order given. */
  requiredUsers(max: number): readonly UserId[] {
    const value = this.#source['users'];
    if (!Array.isArray(value) || value.length === 0 || value.length > max) {
      this.report('users', `an array of 1-${max} user ids`);
      return [];
    }
    const users = new Set<UserId>();
    for (const item of value as readonly unknown[]) {
      const user = typeof item === 'string' ? parseUserId(item) : undefined;
      if (user === undefined) {
        this.report('users', 'user ids', describe(item));
        return [];
      }
      users.add(user);
    }
    return [...users];
  }

  requiredUser(): UserId {
    return this.user('user') ?? this.#noUser('user');
  }

  user(name: string): UserId | undefined {
    const value = this.#source[name];
    if (value === undefined) return undefined;
    return (typeof value === 'string' ? parseUserId(value) : undefined) ?? this.#noUser(name);
  }

  #noUser(name: string): UserId {
    this.report(name, 'a user id: 1-128 bytes in NFC without white space, control characters or "/"');
    return '' as UserId;
  }

  client(): ClientDescription | undefined {
    const value = this.#source['client'];
    if (value === undefined) return undefined;
    if (!isJsonObject(value)) {
      this.report('client', 'an object {name, version?}');
      return undefined;
    }
    const { name, version } = value;
    const isValid = isClientText(name) && (version === undefined || isClientText(version));
    if (isValid) return { name, version };
    this.report('client', `{name, version?}, strings of 1-${fieldLimits.clientTextBytes} bytes`, 'another object');
    return undefined;
  }

  isNull(name: string): boolean {
    return this.#source[name] === null;
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    return this.has(name) ? this.requiredChoice(name, choices) : undefined;
  }

  requiredChoice<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const value = this.#source[name];
    const choice = choices.find((each) => each === value);
    if (choice === undefined) this.report(name, `one of ${choices.join(', ')}`);
    return choice ?? choices[0]!;
  }

  /** Text of people in one line. */
  line(name: string, maxCharacters: number): string | undefined {
    return this.#text(name, maxCharacters, controlOrLoneSurrogate, 'without control characters');
  }

  /** Text of people in several lines. */
  prose(name: string, maxCharacters: number): string | undefined {
    return this.#text(name, maxCharacters, controlButLineBreak, 'without control characters, except line feed and tab');
  }

  #text(name: string, maxCharacters: number, excluded: RegExp, rule: string): string | undefined {
    const value = this.#source[name];
    if (value === undefined) return undefined;
    const isValid = typeof value === 'string' && hasCharacters(value, maxCharacters) && !excluded.test(value);
    if (!isValid) this.report(name, `a string of 1-${maxCharacters} characters ${rule}`);
    return value as string;
  }

  /** An object of whatever values. */
  object(name: string, maxBytes: number): Record<string, JsonValue> | undefined {
    const value = this.#source[name];
    if (value === undefined) return undefined;
    if (!isJsonObject(value)) {
      this.report(name, 'an object');
      return undefined;
    }
    const bytes = utf8ByteLength(JSON.stringify(value));
    if (bytes > maxBytes) this.report(name, `at most ${maxBytes} bytes of JSON text`, `${bytes}`, 'too_large');
    return value as Record<string, JsonValue>;
  }

  group(name: string): GroupId | undefined {
    return this.has(name) ? this.requiredGroup(name) : undefined;
  }

  requiredGroup(name = 'group'): GroupId {
    const value = this.#source[name];
    const group = typeof value === 'string' ? parseGroupId(value) : undefined;
    if (group === undefined)
      this.report(name, 'a group id: 1-128 bytes in NFC without white space, control characters or "/"');
    return group ?? ('' as GroupId);
  }

  address(name: string): Address | undefined {
    return this.has(name) ? this.requiredAddress(name) : undefined;
  }

  requiredAddress(name: string): Address {
    const value = this.#source[name];
    if (typeof value === 'string' && isAddress(value)) return value;
    this.report(name, 'an address: user/<id>, group/<id>, inbox, all or topic/<level>/…');
    return '' as Address;
  }

  requiredOffset(name: string): number {
    const value = this.#source[name];
    if (isOffset(value)) return value;
    this.report(name, 'an integer from 0 to 2^53-1');
    return 0;
  }

  epoch(): Epoch | undefined {
    const value = this.#source['epoch'];
    if (value === undefined) return undefined;
    const epoch = typeof value === 'string' ? parseEpoch(value) : undefined;
    if (epoch === undefined) this.report('epoch', 'an epoch as the server gave it');
    return epoch;
  }

  /** A position in a log. With a `minOffset` of 1 it names an entry. */
  position(name: string, minOffset: number): Position | undefined {
    const value = this.#source[name];
    if (value === undefined) return undefined;
    const position = parsePosition(value);
    if (position !== undefined && position.offset >= minOffset) return position;
    this.report(name, `{epoch, offset} with an offset from ${minOffset}`);
    return undefined;
  }

  /** As `position`, or a bare offset, which people at a keyboard may write. */
  positionOrNumber(name: string): Position | number | undefined {
    const value = this.#source[name];
    if (value === undefined) return undefined;
    const position = isOffset(value) ? value : parsePosition(value);
    if (position === undefined) this.report(name, '{epoch, offset} or an offset');
    return position;
  }

  /** `connect`: a name that is not an address is kept, and the server returns it in `ignored`. */
  cursorsOfConnect(): Record<string, Position> | undefined {
    if (!this.has('cursors')) return undefined;
    return this.#cursors(parsePosition, '{epoch, offset}');
  }

  cursorsOfAck(): Record<Address, Position | number> {
    const cursors = this.#cursors(
      (value) => (isOffset(value) ? value : parsePosition(value)),
      '{epoch, offset} or an offset',
    );
    for (const address in cursors) {
      if (isAddress(address)) continue;
      this.report('cursors', 'addresses as names, such as user/bob', 'a name that is not an address');
      break;
    }
    return cursors;
  }

  headers(): Record<string, string> | undefined {
    const value = this.#source['headers'];
    if (value === undefined) return undefined;
    const expected = `at most ${fieldLimits.headerPairs} pairs of strings, ${fieldLimits.headerBytes} bytes together`;
    if (!isJsonObject(value)) {
      this.report('headers', expected);
      return undefined;
    }
    const headers: Record<string, string> = Object.create(null);
    let bytes = 0;
    const names = Object.keys(value);
    if (names.length > fieldLimits.headerPairs) {
      this.report('headers', expected, `${names.length} pairs`);
      return undefined;
    }
    for (const name of names) {
      const text = value[name];
      if (name === '' || controlOrLoneSurrogate.test(name) || typeof text !== 'string' || loneSurrogate.test(text)) {
        this.report('headers', expected, 'a name or value that is not such a string');
        return undefined;
      }
      bytes += utf8ByteLength(name) + utf8ByteLength(text);
      headers[name] = text;
    }
    if (bytes > fieldLimits.headerBytes) this.report('headers', expected, `${bytes} bytes`);
    return headers;
  }

  /** Canonical base64 of at most `maxBytes` decoded bytes. */
  bytes(maxBytes: number): string | undefined {
    const value = this.#source['bytes'];
    if (value === undefined) return undefined;
    const length = typeof value === 'string' ? base64ByteLength(value) : undefined;
    if (length === undefined) {
      this.report('bytes', 'standard base64 with padding (RFC 4648 §4)');
      return undefined;
    }
    if (length > maxBytes) this.report('bytes', `at most ${maxBytes} bytes`, `${length} bytes`, 'too_large');
    return value as string;
  }

  #cursors<Value>(parse: (value: unknown) => Value | undefined, expected: string): Record<string, Value> {
    const value = this.#source['cursors'];
    // Without a prototype, so that a name such as `__proto__` is a name like any other.
    const cursors: Record<string, Value> = Object.create(null);
    if (!isJsonObject(value)) {
      this.report('cursors', `an object of address: ${expected}`);
      return cursors;
    }
    const names = Object.keys(value);
    if (names.length > fieldLimits.cursors) {
      this.report('cursors', `at most ${fieldLimits.cursors} addresses`, `${names.length}`);
      return cursors;
    }
    for (const name of names) {
      const cursor = parse(value[name]);
      if (cursor === undefined) {
        this.report('cursors', `${expected} for each address`, describe(value[name]));
        return cursors;
      }
      cursors[name] = cursor;
    }
    return cursors;
  }
}

/** Whether `value`, made by JSON.parse, is an object and not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Describes a received value in an error message. Never its text, which may be a token. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'string') return `a string of ${value.length} characters`;
  if (typeof value === 'object') return 'an object';
  return String(value);
}

function parsePosition(value: unknown): Position | undefined {
  if (!isJsonObject(value)) return undefined;
  const { epoch, offset } = value;
  if (typeof epoch !== 'string' || !isOffset(offset)) return undefined;
  const parsed = parseEpoch(epoch);
  return parsed === undefined ? undefined : { epoch: parsed, offset };
}

function isClientText(value: unknown): value is string {
  return typeof value === 'string' && isText(value, fieldLimits.clientTextBytes) && !controlOrLoneSurrogate.test(value);
}

function hasCharacters(value: string, max: number): boolean {
  return value.length > 0 && value.length <= 2 * max && [...value].length <= max;
}

function isText(value: string, maxBytes: number): boolean {
  return value.length > 0 && fitsUtf8Bytes(value, maxBytes);
}
