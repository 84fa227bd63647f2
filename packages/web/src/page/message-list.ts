// Draws the messages of the open conversation, and keeps the newest one in view for whoever is looking at it.

import type { Conversation, PendingMessage, StoredItem, StoredMessage } from './conversation.js';
import { element } from './element.js';

const clockTime = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'short' });

/** Within this distance of its end a list counts as being at the end. */
const END_PIXELS = 60;

export class MessageList {
  readonly #list: HTMLOListElement;
  #shown: Conversation | undefined;

  constructor(list: HTMLOListElement) {
    this.#list = list;
  }

  /** Draws the conversation anew. A reader who has scrolled up stays where they are. */
  show(conversation: Conversation): void {
    const list = this.#list;
    const isOther = conversation !== this.#shown;
    const fromEnd = list.scrollHeight - list.scrollTop;
    const wasAtEnd = isOther || fromEnd - list.clientHeight < END_PIXELS;
    this.#shown = conversation;
    const lines = conversation.items.map((item) => storedLine(item, conversation));
    for (const pending of conversation.pending) lines.push(pendingLine(pending));
    list.replaceChildren(...lines);
    list.scrollTop = list.scrollHeight - (wasAtEnd ? 0 : fromEnd);
  }
}

function storedLine(item: StoredItem, conversation: Conversation): HTMLLIElement {
  if (item.kind === 'gap') {
    const { from, to, reason } = item.gap;
    return element('li', 'gap', `Messages ${from}–${to} are not here (${reason}) 部分消息缺失`);
  }
  const { message } = item;
  const line = element('li', message.own ? 'own' : '');
  const meta = [timeText(message.at), message.own ? progressText(message, conversation) : message.from];
  line.append(element('p', 'bubble', message.text), element('p', 'meta', meta.join(' · ')));
  return line;
}

function pendingLine(pending: PendingMessage): HTMLLIElement {
  const line = element('li', 'own');
  const { failure } = pending;
  const meta =
    failure === undefined
      ? element('p', 'meta', '… sending 发送中')
      : element('p', 'meta failed', `not sent 未发送: ${failure}`);
  line.append(element('p', 'bubble', pending.text), meta);
  return line;
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
