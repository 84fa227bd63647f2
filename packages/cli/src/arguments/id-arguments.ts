// Ids given on the command line, and why one of them is refused.

import { fieldLimits, parseDeviceId, parseUserId } from '@longwire/protocol';
import { InvalidArgumentError } from 'commander';

/** @throws InvalidArgumentError that names the rule */
export function parseUserArgument(text: string): string {
  if (parseUserId(text) !== undefined) return text;
  throw new InvalidArgumentError(`${idFault('user id', text)}.`);
}

/** @throws InvalidArgumentError that names the rule */
export function parseDeviceArgument(text: string): string {
  if (parseDeviceId(text) !== undefined) return text;
  throw new InvalidArgumentError(`${idFault('device id', text)}.`);
}

/** Why `text` is not an id. A decomposed spelling looks like the right one, so it gets a reason of its own. */
export function idFault(what: 'user id' | 'device id', text: string): string {
  const composed = text.normalize('NFC');
  if (composed !== text && parseUserId(composed) !== undefined) {
    return `A ${what} must be in Unicode normalization form C (NFC); write ${JSON.stringify(composed)}, composed`;
  }
  return `A ${what} has 1-${fieldLimits.nameBytes} bytes without spaces, control characters or "/", not ${JSON.stringify(text)}`;
}
