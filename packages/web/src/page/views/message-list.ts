// Draws the messages of the open conversation. A new message adds one node and changes no other, so that a selection
// survives and screen readers announce the new one only.

import { changeText } from '../state/change-text.js';
import type { Conversation, ConversationItem, StoredMessage } from '../state/conversation.js';
import { element, setChildren, setText } from './element.js';

const clockTime = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'short' });

/** Within this distance of its end, a list counts as scrolled to the end. */
const END_PIXELS = 60;

interface Line {
  readonly root: HTMLLIElement;
  /** Time and progress, below the text; undefined for a gap and for a change of the group. */
  readonly meta: HTMLElement | undefined;
}

export class MessageList {
  readonly #list: HTMLOListElement;
  #shown: Conversation | undefined;
  #lines = new Map<ConversationItem, Line>();

  constructor(list: HTMLOListElement) {
    this.#list = list;
  }

  /** Shows the conversation. A reader who has scrolled up stays there, unless `toEnd` is set. */
  show(conversation: Conversation | undefined, { toEnd }: { readonly toEnd: boolean }): void {
    const list = this.#list;
    const isOther = conversation !== this.#shown;
    const fromEnd = list.scrollHeight - list.scrollTop;
    const staysAtEnd = toEnd || isOther || fromEnd - list.clientHeight < END_PIXELS;
    this.#shown = conversation;
    const items = conversation?.items ?? [];
    const lines = new Map(items.map((item) => [item, this.#lineFor(item)]));
    // Screen readers announce what is added at the end, not a whole conversation and not its earlier messages.
    const isAppended = !isOther && items[0] !== undefined && this.#lines.has(items[0]);
    list.setAttribute('aria-live', isAppended ? 'polite' : 'off');
    this.#lines = lines;
    if (conversation !== undefined) for (const [item, line] of lines) updateLine(line, item, conversation);
    setChildren(
      list,
      [...lines.values()].map(({ root }) => root),
    );
    list.scrollTop = list.scrollHeight - (staysAtEnd ? 0 : fromEnd);
  }

  #lineFor(item: ConversationItem): Line {
    const known = this.#lines.get(item);
    if (known !== undefined) return known;
    if (item.kind === 'gap') {
      const { from, to, reason } = item.gap;
      return noteLine(`Messages ${from}–${to} are not available (${reason}) 部分消息缺失`);
    }
    // Its text comes with `updateLine`, because names may come later.
    if (item.kind === 'change') return noteLine('');
    // A message that was sent here keeps the node that it had while it was pending.
    const sent = item.kind === 'message' && item.sentAs !== undefined ? this.#lines.get(item.sentAs) : undefined;
    return sent ?? messageLine(item.text, item.kind === 'pending' || item.own);
  }
}

function noteLine(text: string): Line {
  return { root: element('li', 'note-line', text), meta: undefined };
}

function messageLine(text: string, isOwn: boolean): Line {
  const root = element('li', isOwn ? 'own' : '');
  const bubble = element('p', 'bubble', text);
  // The direction of the text follows its own letters, as for Arabic and Hebrew.
  bubble.dir = 'auto';
  const meta = element('p', 'meta');
  root.append(bubble, meta);
  return { root, meta };
}

function updateLine({ root, meta }: Line, item: ConversationItem, conversation: Conversation): void {
  const userText = (user: string) => conversation.userText(user);
  if (item.kind === 'change') setText(root, changeText(item.change, userText));
  if (meta === undefined || item.kind === 'gap' || item.kind === 'change') return;
  const isFailed = item.kind === 'pending' && item.failure !== undefined;
  meta.classList.toggle('failed', isFailed);
  if (item.kind === 'message') {
    setText(meta, `${timeText(item.at)} · ${item.own ? progressText(item, conversation) : userText(item.from)}`);
  } else {
    setText(meta, isFailed ? `not sent 未发送: ${item.failure}` : '… sending 发送中');
  }
}

/** How far an own message has got, as a mark and in words. */
function progressText({ offset }: StoredMessage, { delivered, seen }: Conversation): string {
  if (offset <= seen) return '✓✓ read 已读';
  if (offset <= delivered) return '✓✓ delivered 已送达';
  return '✓ sent 已发送';
}

function timeText(at: number): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  return (isToday ? clockTime : dayAndTime).format(date);
}
