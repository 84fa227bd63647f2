// Characters that people cannot see in an id. With them, the ids of two users could look the same.

import { endsJoining, startsJoining } from './joining-types.js';

// RFC 8264 §9.13: what identifiers must not contain. The first property has all bidirectional controls (Bidi_Control), tag
// characters, variation selectors and zero-width characters.
const hidden = /[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;

// None of them. Nearly all ids are, and each message asks for two.
const ascii = /^[\0-\x7f]*$/;

const zeroWidthNonJoiner = '\u200c';
const zeroWidthJoiner = '\u200d';

/**
 * Finds the first character of an id that is invisible, or that changes the direction of the text around it. The two
 * joiners are found only where RFC 5892 does not allow them: they change how Indic and Arabic words are written.
 *
 * The grammar of ids accepts these characters, so that stored ids stay valid. A server refuses an id with one where it
 * would store the id for the first time: a user at their first sign-in or first message, a device at its first connect.
 * @returns `U+202E`, for an error message; undefined if there is none
 */
export function findHiddenCharacter(id: string): string | undefined {
  if (ascii.test(id)) return undefined;
  for (const { 0: character, index } of id.matchAll(hidden)) {
    if (isAllowedJoiner(character, id.slice(0, index), id.slice(index + character.length))) continue;
    return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  }
  return undefined;
}

/** RFC 5892, appendices A.1 and A.2 (CONTEXTJ). */
function isAllowedJoiner(character: string, before: string, after: string): boolean {
  if (character !== zeroWidthNonJoiner && character !== zeroWidthJoiner) return false;
  if (isVirama([...before].at(-1))) return true;
  return character === zeroWidthNonJoiner && endsJoining.test(before) && startsJoining.test(after);
}

// Canonical_Combining_Class 8 and 10. NFD sorts combining marks by their class.
const class8 = '\u3099';
const class10 = '\u05b0';

/** Whether Canonical_Combining_Class is 9, Virama. JavaScript shows the property only by normalisation. */
function isVirama(character: string | undefined): boolean {
  if (character === undefined || character === class8 || character === class10) return false;
  const isAbove8 = (character + class8).normalize('NFD') === class8 + character;
  return isAbove8 && (class10 + character).normalize('NFD') === character + class10;
}
