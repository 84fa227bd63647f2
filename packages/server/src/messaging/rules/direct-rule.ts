// Direct channels: the two users write, unless one of them blocks the other.

import type { LoadedChannel } from '../../membership/loaded-channel.js';
import type { RuleRefusal } from './rule-refusal.js';

const BLOCKED: RuleRefusal = Object.freeze<RuleRefusal>({
  code: 'blocked',
  message: 'one of the two users has blocked the other: nothing was stored',
  counted: 'blocked',
});

export function judgeDirectSend(rights: LoadedChannel | undefined): RuleRefusal | undefined {
  return rights !== undefined && (rights.blocks.low || rights.blocks.high) ? BLOCKED : undefined;
}
