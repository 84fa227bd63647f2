// The fields of the commands that find and change users.

import { fieldLimits } from '../catalogue/limits.js';
import type { UsersSearchCommand, UserUpdateCommand } from '../messages/profiles.js';
import type { CommandId } from '../names/ids.js';
import type { FieldReader } from './field-reader.js';

export function readProfileCommand(
  type: (UsersSearchCommand | UserUpdateCommand)['type'],
  id: CommandId | undefined,
  fields: FieldReader,
): UsersSearchCommand | UserUpdateCommand {
  const { foundUsers, profileNameCharacters, profilePictureBytes } = fieldLimits;
  if (type === 'users.search') {
    const prefix = fields.line('prefix', profileNameCharacters);
    if (prefix === undefined) fields.report('prefix', `a string of 1-${profileNameCharacters} characters`);
    return { type, id, prefix: prefix ?? '', limit: fields.integer('limit', 1, foundUsers) };
  }
  const user = fields.requiredUser();
  const name = fields.isNull('name') ? null : fields.line('name', profileNameCharacters);
  const picture = fields.isNull('picture') ? null : fields.line('picture', profilePictureBytes);
  if (name === undefined && picture === undefined) fields.report('name', 'a name, a picture, or both', 'neither');
  return { type, id, user, name, picture };
}
