// What happened, in words for the user of the page. The reason that the server gave goes into a tooltip.

import type { ConnectionStateChange } from '@longwire/client';
import { CloseCode, StandardCloseCode } from '@longwire/protocol';
import type { Conversation } from './state/conversation.js';
import { type Identity, isPossibleGroup, isPossibleName } from './state/identity.js';

export const impossibleName =
  'A name must not contain spaces or “/”, and has at most 128 bytes. 用户名不能含空格或“/”，且不超过 128 字节。';

export const impossibleGroup =
  'An id of a group must not contain spaces or “/”, and has at most 128 bytes. 群组 ID 不能含空格或“/”，且不超过 128 字节。';

/** Why there is nothing to open at a place such as `bob` or `group/eng`; undefined if there may be. */
export function wordsForFaultOfPlace(place: string): string | undefined {
  if (!place.startsWith('group/')) return isPossibleName(place) ? undefined : impossibleName;
  return isPossibleGroup(place.slice('group/'.length)) ? undefined : impossibleGroup;
}

/** Why the client stopped, by the close code (PROTOCOL, "Close codes"). */
export function wordsForRefusal(code: number | undefined, kind: Identity['kind']): string {
  switch (code) {
    case CloseCode.badToken:
      return kind === 'name'
        ? 'This server does not accept names; sign in with a token. 此服务器不接受用户名登录，请使用令牌。'
        : 'The server refused this token; get a new one. 令牌无效，请换一个新的。';
    case CloseCode.replaced:
      return 'You signed in somewhere else. 您已在别处登录。';
    case CloseCode.sessionLimit:
      return 'You are signed in in too many places. 同时登录的地方太多。';
    case CloseCode.revoked:
      return 'The server ended your session. 服务器已结束您的会话。';
    default:
      return 'The server does not understand this page; reload it. 服务器不支持此页面，请刷新。';
  }
}

export function wordsForState({
  state,
  code,
  willReconnect,
  retryInMs,
}: Pick<ConnectionStateChange, 'state' | 'code' | 'willReconnect' | 'retryInMs'>): string {
  switch (state) {
    case 'connected':
      return 'Connected 已连接';
    case 'connecting':
      return 'Connecting… 连接中…';
    case 'closed':
      return 'Signed out 已退出';
    case 'disconnected': {
      const [what, whatZh] = wordsForLoss(code);
      if (!willReconnect) return `${what} ${whatZh}`;
      const seconds = Math.ceil((retryInMs ?? 0) / 1000);
      return `${what}, reconnecting in ${seconds} s ${whatZh}，${seconds} 秒后重连`;
    }
  }
}

/** The other user, the title of a group, or what is written in the channel. */
export function wordsForName(conversation: Conversation): string {
  const { peer, groupId, group, address } = conversation;
  if (peer !== undefined) return conversation.userText(peer);
  return group?.title ?? groupId ?? (address === 'inbox' ? 'Notifications 通知' : 'Announcements 公告');
}

/** Nothing for a user who is offline, or whose presence this one may not see. */
export function wordsForPeer(conversation: Conversation): string {
  const { presence, typing, group, isBlocked } = conversation;
  if (typing.size > 0) {
    const names = [...typing].map((user) => conversation.userText(user));
    return group === undefined ? 'typing… 正在输入…' : `${names.join(', ')}: typing… 正在输入…`;
  }
  if (group !== undefined) return wordsForGroup(group);
  if (isBlocked) return 'blocked 已屏蔽';
  if (presence?.online === true) return 'online 在线';
  if (presence?.lastSeenAt === undefined) return '';
  const at = new Date(presence.lastSeenAt).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  return `last seen 最后在线 ${at}`;
}

/** Why there is no field to write in; nothing where there is one. */
export function wordsForReadOnly({ group, isReadOnly }: Pick<Conversation, 'group' | 'isReadOnly'>): string {
  if (!isReadOnly || group === undefined) return '';
  return group.isOver
    ? 'You are not a member of this group. 您不是此群组的成员。'
    : 'Only admins write here. 此处仅管理员可发言。';
}

function wordsForGroup({ isOver, members }: NonNullable<Conversation['group']>): string {
  if (isOver) return '';
  if (members === undefined) return '';
  return `${members} ${members === 1 ? 'member' : 'members'} 位成员`;
}

function wordsForLoss(code: number | undefined): readonly [string, string] {
  switch (code) {
    case StandardCloseCode.goingAway:
    case StandardCloseCode.serviceRestart:
    case CloseCode.drain:
    case CloseCode.restart:
      return ['The server is restarting', '服务器正在重启'];
    case StandardCloseCode.tryAgainLater:
    case CloseCode.overload:
      return ['The server is busy', '服务器繁忙'];
    default:
      return ['No connection', '连接断开'];
  }
}
