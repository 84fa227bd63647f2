// What happened, in words for the user of the page. The reason that the server gave goes into a tooltip.

import type { ConnectionStateChange, PresenceState } from '@longwire/client';
import { CloseCode, StandardCloseCode } from '@longwire/protocol';
import type { Identity } from './state/identity.js';

export const impossibleName =
  'A name must not contain spaces or “/”, and has at most 128 bytes. 用户名不能含空格或“/”，且不超过 128 字节。';

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

/** The other user, or what is written in the channel. */
export function wordsForName({
  peer,
  address,
}: {
  readonly peer: string | undefined;
  readonly address: string;
}): string {
  return peer ?? (address === 'inbox' ? 'Notifications 通知' : 'Announcements 公告');
}

/** Nothing for a user who is offline, or whose presence this one may not see. */
export function wordsForPeer({
  presence,
  isTyping,
}: {
  readonly presence: PresenceState | undefined;
  readonly isTyping: boolean;
}): string {
  if (isTyping) return 'typing… 正在输入…';
  if (presence?.online === true) return 'online 在线';
  if (presence?.lastSeenAt === undefined) return '';
  const at = new Date(presence.lastSeenAt).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  return `last seen 最后在线 ${at}`;
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
