// Entries of any kind, and the gaps between them, as people and programs read them.

import type { ChannelSummary, HistoryItem } from '@longwire/client';
import { printable } from '../terminal/printable.js';
import { groupChangeText, groupEntryJson, idAlone, memberChangeText } from './group-text.js';
import { messageJson, messageText } from './message-text.js';

/**
 * One item, such as `7 2030-01-31T08:00:00.000Z bob: hello`. Further lines of a message are indented.
 * @param textOf  how users are shown; default: by their ids
 */
export function historyText(item: HistoryItem, textOf = idAlone): string {
  if ('reason' in item) return printable(`${item.from}-${item.to} not available (${item.reason})`);
  const place = `${item.offset} ${new Date(item.at).toISOString()}`;
  if ('change' in item) return printable(`${place} ${memberChangeText(item, textOf)}`);
  if ('settings' in item) return printable(`${place} ${groupChangeText(item, textOf)}`);
  const sender = item.from === undefined ? (item.by ?? '?') : textOf(item.from);
  return `${place} ${printable(sender)}: ${messageText(item).replaceAll('\n', '\n    ')}`;
}

/** One item as one JSON object on one line. */
export function historyJson(item: HistoryItem): string {
  if ('reason' in item) return printable(JSON.stringify({ type: 'gap', ...item }));
  if ('change' in item) return groupEntryJson('member', item);
  if ('settings' in item) return groupEntryJson('group', item);
  return messageJson(item);
}

/** A channel on one line, such as `group/eng "Engineering" (2 unread, muted): bob: hello`; a user with their name. */
export function channelText(channel: ChannelSummary, nowMs: number): string {
  const { address, title = channel.name, last } = channel;
  const notes = channelNotes(channel, nowMs);
  const name = title === undefined ? address : `${address} ${JSON.stringify(title)}`;
  const head = notes.length === 0 ? name : `${name} (${notes.join(', ')})`;
  return last === undefined ? printable(head) : `${printable(head)}: ${lastText(last).replaceAll('\n', ' ')}`;
}

/** A channel as one JSON object on one line. */
export function channelJson({ last, ...channel }: ChannelSummary): string {
  if (last?.type !== 'message') return printable(JSON.stringify({ ...channel, last }));
  return printable(`${JSON.stringify(channel).slice(0, -1)},"last":${messageJson(last)}}`);
}

function channelNotes({ unread, members, muted, archived, blocked }: ChannelSummary, nowMs: number): string[] {
  const isMuted = muted === true || (muted !== undefined && muted > nowMs);
  const mutedText = muted === true ? 'muted' : `muted until ${new Date(muted ?? 0).toISOString()}`;
  return [
    unread > 0 && `${unread} unread`,
    members !== undefined && `${members} ${members === 1 ? 'member' : 'members'}`,
    isMuted && mutedText,
    archived && 'archived',
    blocked && 'blocked',
  ].filter((note) => typeof note === 'string');
}

function lastText(last: NonNullable<ChannelSummary['last']>): string {
  const sender = printable(last.from ?? '?');
  if (last.type === 'message') {
    const writer = last.from === undefined ? printable(last.by ?? '?') : sender;
    const text = last.truncated ? '[long message]' : messageText({ ...last, bytes: bytesOf(last.bytes) });
    return `${writer}: ${text}`;
  }
  if (last.body === undefined) return `${sender} changed the ${last.type === 'member' ? 'members' : 'settings'}`;
  if (last.type === 'member') return printable(memberChangeText({ ...last, ...last.body, own: false }));
  const { deleted = false, ...settings } = last.body;
  return printable(groupChangeText({ ...last, settings, deleted, own: false }));
}

function bytesOf(base64: string | undefined): Uint8Array | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
}
