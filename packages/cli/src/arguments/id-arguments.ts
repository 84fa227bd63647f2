// Ids given on the command line, and why one of them is refused.

import { fieldLimits, isAddress, parseDeviceId, parseGroupId, parseUserId } from '@longwire/protocol';
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

/**
 * `eng`, or its address `group/eng`.
 * @throws InvalidArgumentError that names the rule
 */
export function parseGroupArgument(text: string): string {
  const id = text.startsWith('group/') ? text.slice('group/'.length) : text;
  if (parseGroupId(id) !== undefined) return id;
  throw new InvalidArgumentError(`${idFault('group id', id)}.`);
}

/** The address that a recipient stands for: `bob` and `user/bob`, `group/eng`. Undefined if `text` is neither. */
export function recipientAddress(text: string): string | undefined {
  if (parseUserId(text) !== undefined) return `user/${text}`;
  return /^(user|group)\//.test(text) && isAddress(text) ? text : undefined;
}

/** @throws InvalidArgumentError that names the rule */
export function parseRecipientArgument(text: string): string {
  const address = recipientAddress(text);
  if (address !== undefined) return address;
  throw new InvalidArgumentError(`${recipientFault(text)}.`);
}

/** Why `text` is not a recipient. */
export function recipientFault(text: string): string {
  const group = text.startsWith('group/');
  return group ? idFault('group id', text.slice('group/'.length)) : idFault('user id', text);
}

/** Why `text` is not an id. A decomposed spelling looks like the right one, so it gets a reason of its own. */
export function idFault(what: 'user id' | 'device id' | 'group id', text: string): string {
  const composed = text.normalize('NFC');
  if (composed !== text && parseUserId(composed) !== undefined) {
    return `A ${what} must be in Unicode normalization form C (NFC); write ${JSON.stringify(composed)}, composed`;
  }
  return `A ${what} has 1-${fieldLimits.nameBytes} bytes without spaces, control characters or "/", not ${JSON.stringify(text)}`;
}
