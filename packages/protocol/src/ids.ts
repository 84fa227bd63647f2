// Ids of users, devices and groups: one grammar for the three (semantics: Words).

import type { Branded } from './brand.js';
import { fieldLimits } from './limits.js';
import { fitsUtf8Bytes } from './utf8.js';

/** Who is signed in. 1-128 bytes UTF-8 in NFC, no control characters, white space or `/`; compared byte for byte. */
export type UserId = Branded<string, 'UserId'>;

/** A named reading position of a user; grammar of `UserId`. */
export type DeviceId = Branded<string, 'DeviceId'>;

/** A group; grammar of `UserId`. */
export type GroupId = Branded<string, 'GroupId'>;

/** The value with which a command asks for an answer: a string of at most 64 bytes, or an integer 0…2^53−1. */
export type CommandId = string | number;

/** The device of whoever names none. */
export const defaultDeviceId = 'default' as DeviceId;

const plainAscii = /^[!-.0-~]+$/;
// \p{Cs} with the u flag matches lone surrogates only: those have no UTF-8. \s holds every Unicode white space.
const forbidden = /[\p{Cc}\p{Cs}\s/]/u;

/** The user id that `text` spells, or undefined if it breaks the grammar. */
export function parseUserId(text: string): UserId | undefined {
  return isNameText(text, fieldLimits.nameBytes) ? (text as UserId) : undefined;
}

/** The device id that `text` spells, or undefined if it breaks the grammar. */
export function parseDeviceId(text: string): DeviceId | undefined {
  return isNameText(text, fieldLimits.nameBytes) ? (text as DeviceId) : undefined;
}

/** The group id that `text` spells, or undefined if it breaks the grammar. */
export function parseGroupId(text: string): GroupId | undefined {
  return isNameText(text, fieldLimits.nameBytes) ? (text as GroupId) : undefined;
}

/** Whether `value` may stand as the `id` of a command. */
export function isCommandId(value: unknown): value is CommandId {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0;
  return typeof value === 'string' && fitsUtf8Bytes(value, fieldLimits.commandIdBytes);
}

/** The grammar itself: also that of the levels of a topic, which are shorter. */
export function isNameText(text: string, maxBytes: number): boolean {
  if (text.length === 0 || !fitsUtf8Bytes(text, maxBytes)) return false;
  if (plainAscii.test(text)) return true;
  // Ids are compared byte for byte, so each has exactly one spelling: its NFC form.
  return !forbidden.test(text) && text.normalize('NFC') === text;
}
