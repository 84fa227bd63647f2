// How a token shows its user: the claims `name` and `picture` of OpenID Connect Core 1.0 §5.1.

import { fieldLimits } from '@longwire/protocol';
import type { ProfileChange } from '../../channel/profile.js';

export interface ProfileClaims {
  /** Undefined: the token says nothing of it. */
  readonly profile: ProfileChange | undefined;
  /** Claims that cannot be used. They are ignored: how a user is shown must not keep them from signing in. */
  readonly ignored: readonly ('name' | 'picture')[];
}

/** Overrides, embeddings and isolates: they would turn around the text beside the name. */
const textDirection = /[\u202A-\u202E\u2066-\u2069]/g;
const controlsAndSpaces = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\s]+/gu;

/** A claim that is empty, or null, removes what is stored. */
export function profileFromClaims(claims: Readonly<Record<string, unknown>>): ProfileClaims {
  const name = nameFrom(claims['name']);
  const picture = pictureFrom(claims['picture']);
  const ignored = [name === 'unusable' ? 'name' : [], picture === 'unusable' ? 'picture' : []].flat() as (
    | 'name'
    | 'picture'
  )[];
  const profile = {
    name: name === 'unusable' ? undefined : name?.text,
    picture: picture === 'unusable' ? undefined : picture?.text,
  };
  const isEmpty = profile.name === undefined && profile.picture === undefined;
  return { profile: isEmpty ? undefined : profile, ignored };
}

type Claim = { readonly text: string | null } | 'unusable' | undefined;

/** A name is made harmless, and shortened, instead of being ignored. */
function nameFrom(claim: unknown): Claim {
  if (claim === undefined) return undefined;
  if (claim === null) return { text: null };
  if (typeof claim !== 'string') return 'unusable';
  return { text: harmlessName(claim) ?? null };
}

/** In one line, in NFC, and no longer than names may be; undefined: nothing is left of it. */
export function harmlessName(text: string): string | undefined {
  const line = text.replace(textDirection, '').replace(controlsAndSpaces, ' ').normalize('NFC').trim();
  const name = [...line].slice(0, fieldLimits.profileNameCharacters).join('').trimEnd();
  return name === '' ? undefined : name;
}

function pictureFrom(claim: unknown): Claim {
  if (claim === undefined) return undefined;
  if (claim === null || claim === '') return { text: null };
  const text = typeof claim === 'string' ? usablePicture(claim) : undefined;
  return text === undefined ? 'unusable' : { text };
}

/** As clients get it: no script, and no data in place of an address. Undefined: it is no such URL, or too long. */
export function usablePicture(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) return undefined;
  // The one character of a URL that JSON escapes.
  const picture = url.href.replaceAll('\\', '%5C');
  return picture.length <= fieldLimits.profilePictureBytes ? picture : undefined;
}
