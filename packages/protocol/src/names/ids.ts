// Ids of users, devices and groups, which share one grammar.

import { fieldLimits } from '../catalogue/limits.js';
import { fitsUtf8Bytes } from '../codec/utf8.js';
import type { Branded } from './brand.js';

/** A user. 1-128 bytes UTF-8 in NFC, without control characters, white space and `/`; compared byte for byte. */
export type UserId = Branded<string, 'UserId'>;

/** A named reading position of a user, in the grammar of `UserId`. */
export type DeviceId = Branded<string, 'DeviceId'>;

/** A group, in the grammar of `UserId`. */
export type GroupId = Branded<string, 'GroupId'>;

/** The `id` of a command: a string of at most 64 bytes, or an integer 0…2^53−1. */
export type CommandId = string | number;

/** The device of a `connect` without `device`. */
export const defaultDeviceId = 'default' as DeviceId;

const plainAscii = /^[!-.0-~]+$/;
// \p{Cs} with the u flag matches lone surrogates only, which have no UTF-8. \s matches every Unicode white space.
const forbidden = /[\p{Cc}\p{Cs}\s/]/u;

/** `text` as a user id, or undefined if it violates the grammar. */
export function parseUserId(text: string): UserId | undefined {
  return isNameText(text) ? (text as UserId) : undefined;
}

/** `text` as a device id, or undefined if it violates the grammar. */
export function parseDeviceId(text: string): DeviceId | undefined {
  return isNameText(text) ? (text as DeviceId) : undefined;
}

/** `text` as a group id, or undefined if it violates the grammar. */
export function parseGroupId(text: string): GroupId | undefined {
  return isNameText(text) ? (text as GroupId) : undefined;
}

/** Whether `value` is a valid `id` of a command. */
export function isCommandId(value: unknown): value is CommandId {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0;
  return typeof value === 'string' && fitsUtf8Bytes(value, fieldLimits.commandIdBytes);
}

/** The grammar itself. */
function isNameText(text: string): boolean {
  if (text.length === 0 || !fitsUtf8Bytes(text, fieldLimits.nameBytes)) return false;
  if (plainAscii.test(text)) return true;
  // Ids are compared byte for byte, so each has exactly one form: NFC.
  return !forbidden.test(text) && text.normalize('NFC') === text;
}
