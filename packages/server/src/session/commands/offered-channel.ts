// The channels that commands name: those of the kinds that this version offers.

import { type Address, parseAddress } from '@longwire/protocol';
import type { Channel } from '../../channel/channel.js';
import { channelAt } from '../../channel/channel-address.js';
import type { ClientSession } from '../client-session.js';
import type { CommandError } from './reply.js';

/**
 * The channel that a command reads, or moves a position in.
 * @param field  where the address stands in the command
 */
export function channelToRead(session: ClientSession, field: string, address: Address): Channel | CommandError {
  const channel = channelToWrite(session, field, address);
  if ('code' in channel || channel.kind !== 'inbox' || channel.user === session.user) return channel;
  return { code: 'forbidden', message: `${field}: an inbox is read by its user alone; expected inbox, got ${address}` };
}

/** The channel that a command writes to: whether the user may, its rule decides. */
export function channelToWrite(session: ClientSession, field: string, address: Address): Channel | CommandError {
  const channel = channelAt(parseAddress(address), session.user);
  if (channel.kind !== 'topic') return channel;
  const expected = 'user/<id>, group/<id>, inbox or all';
  const message = `${field}: expected ${expected}, got ${address}; this version offers no others (connected.features)`;
  return { code: 'invalid_field', message };
}
