// Why something that the user wanted was not done, in words.

import { LongwireError } from '@longwire/client';

export type Attempt =
  | 'create'
  | 'add'
  | 'remove'
  | 'role'
  | 'update'
  | 'join'
  | 'leave'
  | 'delete'
  | 'block'
  | 'read'
  | 'send';

/** By attempt and code, or by code alone. */
const words: Readonly<Record<string, string>> = {
  'create exists': 'This id is taken; choose another one. 此 ID 已被占用，请换一个。',
  'add forbidden': 'Only owners and admins add members. 仅群主和管理员可添加成员。',
  'remove forbidden': 'Owners remove all others, admins remove members. 群主可移除他人，管理员可移除普通成员。',
  'role forbidden': 'Only owners give roles, and one owner has to stay. 仅群主可更改角色，且至少保留一位群主。',
  'update forbidden': 'Only owners and admins change the group. 仅群主和管理员可更改群组。',
  'leave forbidden': 'You are the last owner: make another member an owner first. 您是唯一的群主，请先指定另一位群主。',
  'delete forbidden': 'Only owners delete a group. 仅群主可解散群组。',
  'send forbidden': 'Only admins write here. 此处仅管理员可发言。',
  'join not_a_member': 'There is no such group, or it is not open. 群组不存在，或未开放加入。',
  'role invalid_field': 'This user is not a member. 此用户不是成员。',
  'block invalid_field': 'This user cannot be blocked. 无法屏蔽此用户。',
  'create invalid_field': 'A name or a setting is not possible. 用户名或设置无效。',
  'add invalid_field': 'A name is not possible, or there is no such user. 用户名无效或用户不存在。',
  'update invalid_field': 'A setting is not possible. 设置无效。',
  blocked: 'One of you has blocked the other. 你们之中有一方屏蔽了对方。',
  not_a_member: 'You are not a member of this group. 您不是此群组的成员。',
  quota_exceeded: 'That would be more than allowed. 超出允许的数量。',
  rate_limited: 'Too much at once; try again later. 操作太频繁，请稍后再试。',
  too_large: 'It is too long. 内容太长。',
  storage_full: 'The server is full. 服务器存储已满。',
  unavailable: 'The server cannot do it now; try again later. 服务器暂时无法处理，请稍后再试。',
};

export function wordsForFailure(attempt: Attempt, error: unknown): string {
  if (!(error instanceof LongwireError)) return error instanceof Error ? error.message : String(error);
  return words[`${attempt} ${error.code}`] ?? words[error.code] ?? error.message;
}
