// The fields of the commands of groups.

import { fieldLimits } from '../catalogue/limits.js';
import type { GroupCommand, GroupRole, GroupSettings, GroupSettingsChange } from '../messages/group-commands.js';
import type { CommandId } from '../names/ids.js';
import type { FieldReader } from './field-reader.js';

const joinings: readonly NonNullable<GroupSettings['joining']>[] = ['closed', 'request', 'open'];
const histories: readonly NonNullable<GroupSettings['history']>[] = ['joining', 'start'];
const postings: readonly NonNullable<GroupSettings['posting']>[] = ['members', 'admins'];
const roles: readonly GroupRole[] = ['owner', 'admin', 'member'];

/** Undefined for a type that is no command of groups. */
export function readGroupCommand(
  type: string,
  id: CommandId | undefined,
  fields: FieldReader,
): GroupCommand | undefined {
  const { groupUsers, keyBytes } = fieldLimits;
  switch (type) {
    case 'group.create':
      return {
        type,
        id,
        group: fields.group('group'),
        ...(readSettings(fields, { mayBeNull: false }) as GroupSettings),
        users: fields.has('users') ? fields.requiredUsers(groupUsers) : undefined,
        key: fields.label('key', keyBytes),
      };
    case 'group.update': {
      const group = fields.requiredGroup();
      const settings = readSettings(fields, { mayBeNull: true });
      if (Object.values(settings).every((value) => value === undefined)) {
        fields.report('title', 'at least one setting to change', 'none');
      }
      return { type, id, group, ...settings, key: fields.label('key', keyBytes) };
    }
    case 'group.add':
    case 'group.invite':
    case 'group.remove':
      return { type, id, group: fields.requiredGroup(), users: fields.requiredUsers(groupUsers) };
    case 'group.role': {
      const group = fields.requiredGroup();
      const user = fields.requiredUser();
      return { type, id, group, user, role: fields.requiredChoice('role', roles) };
    }
    case 'group.accept':
    case 'group.decline':
      return { type, id, group: fields.requiredGroup(), user: fields.user('user') };
    case 'group.join':
    case 'group.leave':
      return { type, id, group: fields.requiredGroup() };
    case 'group.delete':
      return { type, id, group: fields.requiredGroup(), key: fields.label('key', keyBytes) };
    default:
      return undefined;
  }
}

function readSettings(fields: FieldReader, { mayBeNull }: { readonly mayBeNull: boolean }): GroupSettingsChange {
  const orNull = <Value>(name: string, read: () => Value): Value | null =>
    mayBeNull && fields.isNull(name) ? null : read();
  const { groupTitleCharacters, groupDescriptionCharacters, groupPictureCharacters, groupMetadataBytes } = fieldLimits;
  return {
    title: orNull('title', () => fields.line('title', groupTitleCharacters)),
    description: orNull('description', () => fields.prose('description', groupDescriptionCharacters)),
    picture: orNull('picture', () => fields.line('picture', groupPictureCharacters)),
    metadata: orNull('metadata', () => fields.object('metadata', groupMetadataBytes)),
    joining: orNull('joining', () => fields.choice('joining', joinings)),
    history: orNull('history', () => fields.choice('history', histories)),
    posting: orNull('posting', () => fields.choice('posting', postings)),
  };
}
