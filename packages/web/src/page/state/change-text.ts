// The changes of a group in words.

import type { ChannelSummary, GroupChange, MemberChange } from '@longwire/client';

export const roleWords: ReadonlyMap<string, string> = new Map([
  ['owner', 'owner 群主'],
  ['admin', 'admin 管理员'],
  ['member', 'member 成员'],
]);

export function wordForRole(role: string | undefined): string {
  return roleWords.get(role ?? '') ?? role ?? '';
}

/**
 * Such as `alice added bob, carol 添加了`.
 * @param userText  how users are shown
 */
export function changeText(change: MemberChange | GroupChange, userText: (user: string) => string): string {
  return 'change' in change ? memberText(change, userText) : settingsText(change, userText);
}

/** Of the newest entry of a channel, which may be without its content. */
export function lastChangeText(last: NonNullable<ChannelSummary['last']>): string {
  const actor = last.from ?? '';
  if (last.type === 'message' || last.body === undefined) return `${actor} changed the group 更改了群组`;
  if (last.type === 'member') return memberText({ ...last.body, from: last.from }, idAlone);
  const { deleted = false, ...settings } = last.body;
  return settingsText({ from: last.from, offset: last.offset, settings, deleted }, idAlone);
}

function idAlone(user: string): string {
  return user;
}

function memberText(
  { change, users, role, from }: Pick<MemberChange, 'change' | 'users' | 'role' | 'from'>,
  userText: (user: string) => string,
): string {
  const actor = from === undefined ? '' : userText(from);
  const names = users.map((user) => userText(user)).join(', ');
  switch (change) {
    case 'joined':
      return `${names} joined 加入了群组`;
    case 'added':
      return `${actor} added ${names} 添加了成员`;
    case 'left':
      return `${names} left 离开了群组`;
    case 'removed':
      return `${actor} removed ${names} 移除了成员`;
    case 'role':
      return `${actor} made ${names} ${wordForRole(role)}`;
    default:
      return `${actor}: ${change} ${names}`;
  }
}

function settingsText(
  { settings, deleted, offset, from }: Pick<GroupChange, 'settings' | 'deleted' | 'offset' | 'from'>,
  userText: (user: string) => string,
): string {
  const actor = from === undefined ? '' : userText(from);
  if (deleted) return `${actor} deleted the group 解散了群组`;
  const { title, joining, history, posting, ...others } = settings;
  const parts = [
    title !== undefined && (title === null ? 'no title 无名称' : `“${title}”`),
    joining !== undefined && wordsForJoining(joining),
    history !== undefined && wordsForHistory(history),
    posting !== undefined && wordsForPosting(posting),
    Object.keys(others).length > 0 && Object.keys(others).join(', '),
  ].filter((part) => typeof part === 'string');
  const list = parts.length === 0 ? '' : `: ${parts.join('; ')}`;
  // A group begins with its creation.
  return offset === 1 ? `${actor} created the group 创建了群组${list}` : `${actor} changed the group 更改了群组${list}`;
}

function wordsForJoining(joining: string | null): string {
  if (joining === 'open') return 'who knows the id may join 知道 ID 即可加入';
  return joining === 'request' ? 'joining by request 申请加入' : 'members are added 由管理员添加成员';
}

function wordsForHistory(history: string | null): string {
  return history === 'start'
    ? 'who joins reads everything 新成员可看全部消息'
    : 'who joins reads what comes after 新成员只看加入后的消息';
}

function wordsForPosting(posting: string | null): string {
  return posting === 'admins' ? 'only admins write 仅管理员发言' : 'all members write 所有成员可发言';
}
