// Inboxes and announcements: applications write.

import type { AllChannel, InboxChannel } from '../../channel/channel.js';
import type { RuleRefusal, Writer } from './rule-refusal.js';

export function judgeApplicationSend(channel: InboxChannel | AllChannel, { from }: Writer): RuleRefusal | undefined {
  if (from === undefined) return undefined;
  const what = channel.kind === 'inbox' ? 'notifications' : 'announcements';
  return { code: 'forbidden', message: `only applications write ${what}: nothing was stored`, counted: 'notAllowed' };
}
