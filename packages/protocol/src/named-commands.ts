// Commands that v1 names and this version does not offer: `decodeCommand` answers them with `unknown_type`.

import type { Address } from './address.js';
import type { Command, CommandFields } from './commands.js';
import type { GroupId, UserId } from './ids.js';
import type { JsonValue } from './json-value.js';
import type { Epoch, Position } from './position.js';

interface EntryTarget extends CommandFields {
  readonly channel: Address;
  readonly epoch: Epoch;
  readonly offset: number;
}
export interface EditCommand extends EntryTarget {
  readonly type: 'edit';
  readonly body: JsonValue;
}
export interface RetractCommand extends EntryTarget {
  readonly type: 'retract';
}
export interface ReactCommand extends EntryTarget {
  readonly type: 'react';
  readonly reaction: string;
  readonly remove?: boolean | undefined;
}

export interface SearchCommand extends CommandFields {
  readonly type: 'search';
  readonly query: string;
  readonly channel?: Address | undefined;
  readonly before?: Position | undefined;
  readonly limit?: number | undefined;
}

export interface SubscribeCommand extends CommandFields {
  readonly type: 'subscribe';
  /** The address of a topic, or a pattern with `+` and `#`, as MQTT has them. */
  readonly topic: string;
  /** For a pattern: one position per topic. */
  readonly since?: Position | Readonly<Record<Address, Position>> | undefined;
  readonly conflate?: { readonly intervalMs: number } | undefined;
}
/** Exactly one of `subscription` and `topic`. */
export interface UnsubscribeCommand extends CommandFields {
  readonly type: 'unsubscribe';
  readonly subscription?: string | undefined;
  readonly topic?: string | undefined;
}

export type GroupRole = 'owner' | 'admin' | 'member';
interface GroupFields extends CommandFields {
  readonly group: GroupId;
}
export interface GroupCreateCommand extends GroupFields {
  readonly type: 'group.create';
  readonly title?: string | undefined;
  readonly users?: readonly UserId[] | undefined;
}
export interface GroupUpdateCommand extends GroupFields {
  readonly type: 'group.update';
  readonly title?: string | undefined;
}
export interface GroupUsersCommand extends GroupFields {
  readonly type: 'group.add' | 'group.remove' | 'group.invite';
  readonly users: readonly UserId[];
}
export interface GroupRoleCommand extends GroupFields {
  readonly type: 'group.role';
  readonly user: UserId;
  readonly role: GroupRole;
}
export interface GroupPlainCommand extends GroupFields {
  readonly type: 'group.join' | 'group.leave' | 'group.members' | 'group.delete' | 'group.receipts';
}
export type GroupCommand =
  | GroupCreateCommand
  | GroupUpdateCommand
  | GroupUsersCommand
  | GroupRoleCommand
  | GroupPlainCommand;

export interface BlockCommand extends CommandFields {
  readonly type: 'block' | 'unblock';
  readonly user: UserId;
}
export interface PresenceCommand extends CommandFields {
  readonly type: 'presence' | 'watch' | 'unwatch';
  readonly users: readonly UserId[];
}
export interface SignalCommand extends CommandFields {
  readonly type: 'signal';
  readonly to: Address;
  /** `typing`, … */
  readonly name: string;
  readonly data?: JsonValue | undefined;
}

export type NamedCommand =
  | EditCommand
  | RetractCommand
  | ReactCommand
  | SearchCommand
  | SubscribeCommand
  | UnsubscribeCommand
  | GroupCommand
  | BlockCommand
  | PresenceCommand
  | SignalCommand;

/** Every command that v1 has a name for. */
export type AnyCommand = Command | NamedCommand;
