// The channels that commands name: those of the kinds that this version offers.

import { type Address, parseAddress } from '@longwire/protocol';
import type { Channel } from '../../channel/channel.js';
import { channelAt } from '../../channel/channel-address.js';
import type { ClientSession } from '../client-session.js';
import type { CommandError } from './reply.js';

/** Undefined: of another kind. */
export function offeredChannel(session: ClientSession, address: Address): Channel | undefined {
  const parsed = parseAddress(address);
  const isOffered = parsed?.kind === 'direct' || parsed?.kind === 'group';
  return isOffered ? channelAt(parsed, session.user) : undefined;
}

/** @param field  where the address stands in the command */
export function notOffered(field: string, address: Address): CommandError {
  const message = `${field}: expected user/<id> or group/<id>, got ${address}; this version offers no others (connected.features)`;
  return { code: 'invalid_field', message };
}
