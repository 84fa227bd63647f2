// Inboxes and announcements: applications write.

import type { AllChannel, InboxChannel } from '../../channel/channel.js';
import type { RuleRefusal, Writer } from './rule-refusal.js';

export function judgeApplicationSend(channel: InboxChannel | AllChannel, { from }: Writer): RuleRefusal | undefined {
  return from === undefined ? undefined : applicationsOnly(channel);
}

export function applicationsOnly({ kind }: InboxChannel | AllChannel): RuleRefusal {
  const what = kind === 'inbox' ? 'notifications' : 'announcements';
  return { code: 'forbidden', message: `only applications write ${what}: nothing was stored`, counted: 'notAllowed' };
}
