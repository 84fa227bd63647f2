// Which of the extensions that client and engine agree on are spoken: the endpoint may leave some out.
import { type CheckedHandshake, type ExtensionOffer, parseExtensions } from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import { kindOf } from '../option-checks.js';
import type { Configurator } from './configurator.js';
import type { HandshakeDeadline } from './deadline.js';
import type { HandshakeRequest } from './handshake-request.js';

/**
 * The handshake with the extensions that the hook chose.
 * @throws EndpointError (rejects) invalid_option for a choice that was not there, handshake_timeout; what the hook throws
 */
export async function selectedExtensions(
  checked: CheckedHandshake,
  request: HandshakeRequest,
  select: NonNullable<Configurator['selectExtensions']>,
  deadline: HandshakeDeadline,
): Promise<CheckedHandshake> {
  const agreed = checked.deflate?.header;
  const supported = agreed === undefined ? [] : (parseExtensions(agreed) ?? []);
  const chosen = await deadline.wait('selectExtensions', select(checked.offeredExtensions, supported, request));
  if (!Array.isArray(chosen)) throw notAChoice(`got ${kindOf(chosen)}`);
  for (const { name } of chosen as readonly ExtensionOffer[]) {
    if (!supported.some((extension) => extension.name === name)) throw notAChoice(`"${name}" is not among them`);
  }
  // Its parameters are the engine's affair: the answer has to fit the compressor.
  return chosen.length === 0 ? { ...checked, deflate: undefined } : checked;
}

function notAChoice(what: string): EndpointError {
  return new EndpointError('invalid_option', `selectExtensions: expected a list out of those supported; ${what}`);
}
