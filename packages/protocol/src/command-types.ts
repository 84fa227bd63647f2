// The names of all commands of v1, in two lists that the compiler keeps complete.

import type { CommandType } from './commands.js';
import type { NamedCommand } from './named-commands.js';

const served: Readonly<Record<CommandType, true>> = {
  connect: true,
  refresh: true,
  send: true,
  ack: true,
  read: true,
  history: true,
  channels: true,
  ping: true,
};

const named: Readonly<Record<NamedCommand['type'], true>> = {
  edit: true,
  retract: true,
  react: true,
  search: true,
  subscribe: true,
  unsubscribe: true,
  'group.create': true,
  'group.join': true,
  'group.leave': true,
  'group.add': true,
  'group.remove': true,
  'group.role': true,
  'group.members': true,
  'group.invite': true,
  'group.update': true,
  'group.delete': true,
  'group.receipts': true,
  block: true,
  unblock: true,
  presence: true,
  watch: true,
  unwatch: true,
  signal: true,
};

/** Commands that this version serves. */
export const commandTypes: readonly CommandType[] = Object.freeze(Object.keys(served) as CommandType[]);

/** Commands that v1 names and this version answers with `unknown_type`. */
export const namedCommandTypes: readonly NamedCommand['type'][] = Object.freeze(
  Object.keys(named) as NamedCommand['type'][],
);

/** Whether v1 names a command so that this version does not offer. */
export function isNamedCommandType(type: string): type is NamedCommand['type'] {
  return Object.hasOwn(named, type);
}
