// Who may write to which kind of channel. A rule judges by what is loaded; the append then names the version of the rights
// that it was judged by, so that what commits first counts.

import type { Channel } from '../../channel/channel.js';
import type { LoadedChannel } from '../../membership/loaded-channel.js';
import { judgeApplicationSend } from './application-rule.js';
import { judgeDirectSend } from './direct-rule.js';
import { judgeGroupSend } from './group-rule.js';
import type { RuleRefusal, Writer } from './rule-refusal.js';

/**
 * @param rights  undefined in a direct channel: nothing is known of it, and mostly nothing was ever changed
 * @returns undefined: allowed
 */
export function judgeSend(
  channel: Channel,
  rights: LoadedChannel | undefined,
  writer: Writer,
): RuleRefusal | undefined {
  switch (channel.kind) {
    case 'direct':
      return judgeDirectSend(rights);
    case 'group':
      return judgeGroupSend(rights, writer);
    case 'inbox':
    case 'all':
      return judgeApplicationSend(channel, writer);
    case 'topic':
      return { code: 'forbidden', message: 'topics take no entries in this version', counted: 'notAllowed' };
  }
}
