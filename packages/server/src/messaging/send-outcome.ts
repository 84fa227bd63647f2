// What a sender is answered: from the outcome of an append, or the rule that refused it.

import { type ErrorCode, findHiddenCharacter, type Position, type UserId } from '@longwire/protocol';
import { type Channel, namedReaders } from '../channel/channel.js';
import type { RefusalKind } from '../runtime/refusal-counter.js';
import type { QuotaName, QuotaRefusal } from '../storage/quotas.js';
import type { SettledAppend } from './append-queue.js';
import type { RuleRefusal } from './rules/rule-refusal.js';

export type SendOutcome =
  | { readonly ok: true; readonly position: Position; readonly at: number; readonly isRepeated: boolean }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      readonly afterMs: number | undefined;
      /** Undefined: as the catalogue has it. */
      readonly retryable?: boolean | undefined;
    };

/** After this time a sender that met a full queue may come back. */
const RETRY_AFTER_MS = 1_000;
const PERHAPS_STORED = 'the message is perhaps stored; repeat it with the same key';

/** @param refusal  the rule that did not allow it; undefined: what is `refused` is so for want of room */
export function sendOutcome(settled: SettledAppend, channel: Channel, refusal: RuleRefusal | undefined): SendOutcome {
  switch (settled.outcome) {
    case 'stored':
    case 'repeated': {
      const { epoch, offset, at } = settled;
      return { ok: true, position: { epoch, offset }, at, isRepeated: settled.outcome === 'repeated' };
    }
    case 'controlled':
      throw new TypeError('expected the outcome of a message, got that of a row without an entry');
    case 'refused':
      if (refusal !== undefined) return { ok: false, code: refusal.code, message: refusal.message, afterMs: undefined };
      return storageFull('the disk of the server has too little room');
    case 'stale':
      return notNow('the rights in the channel change too often; repeat the message with the same key');
    case 'unknown-user':
      return { ok: false, code: 'invalid_field', message: hiddenMessage(channel), afterMs: undefined };
    case 'unsearched':
      return notNow('the log has to be searched for the key again; repeat the message with the same key');
    case 'quota':
      return quotaExceeded(settled);
    case 'failed':
      if (settled.error.code === 'storage_full') return storageFull('the store of the server is full');
      if (settled.error.code === 'corrupt') {
        const message = 'the store is damaged where this channel stands: nothing was stored, and repeating cannot help';
        return { ok: false, code: 'unavailable', message, afterMs: undefined, retryable: false };
      }
      return notNow(PERHAPS_STORED);
    case 'unknown':
      return notNow(PERHAPS_STORED);
  }
}

/** Of ids with hidden characters, only those that are stored already are used. */
export function hiddenIn(channel: Channel): readonly UserId[] {
  const readers = namedReaders(channel);
  return readers.some(isHidden) ? readers.filter(isHidden) : NO_ONE;
}

function isHidden(id: UserId): boolean {
  return findHiddenCharacter(id) !== undefined;
}

const NO_ONE: readonly UserId[] = [];

function hiddenMessage(channel: Channel): string {
  const found = hiddenIn(channel).map(findHiddenCharacter)[0];
  return `to: expected the id of a user who is known, or one without hidden characters, got one with ${found}`;
}

export function notNow(message: string): SendOutcome {
  return { ok: false, code: 'unavailable', message, afterMs: RETRY_AFTER_MS };
}

function storageFull(reason: string): SendOutcome {
  const message = `${reason}: nothing was stored; repeat it later with the same key`;
  return { ok: false, code: 'storage_full', message, afterMs: undefined };
}

const quotaMessages: Readonly<Record<QuotaName, string>> = {
  newPeersPerHour: 'you have written to too many new people within an hour who have not answered',
  newPeersPerDay: 'you have written to too many new people within a day who have not answered',
  channelsPerUser: 'you have begun as many conversations as allowed',
  storedBytesPerUser: 'you have stored as many messages as allowed',
  undeliveredBytesPerPeer: 'too much of what you sent to this user is not delivered yet',
  undeliveredBytesToUnseen: 'too much of what you sent waits for this user, who has never signed in',
  pendingPerUser: 'one of the users is invited to as many groups, or has asked to join as many, as allowed',
  groupsPerUser: 'one of the users is in as many groups as allowed',
  joinsPerHour: 'you have joined, or asked to join, as many groups within an hour as allowed',
  addsPerHour: 'you have added or invited as many users within an hour as allowed, or would have',
};

/** What a refusal is counted as. */
export const quotaKinds: Readonly<Record<QuotaName, RefusalKind>> = {
  newPeersPerHour: 'limits.newPeersPerHour',
  newPeersPerDay: 'limits.newPeersPerDay',
  channelsPerUser: 'limits.channelsPerUser',
  storedBytesPerUser: 'limits.storedBytesPerUser',
  undeliveredBytesPerPeer: 'limits.undeliveredBytesPerPeer',
  undeliveredBytesToUnseen: 'limits.undeliveredBytesToUnseen',
  pendingPerUser: 'groups.pendingPerUser',
  groupsPerUser: 'groups.perUser',
  joinsPerHour: 'groups.joinsPerHour',
  addsPerHour: 'groups.addsPerHour',
};

/** Not retryable: a client that repeats it by itself would hold back what is sent after it. */
function quotaExceeded({ quota, afterMs }: QuotaRefusal): SendOutcome {
  return { ok: false, code: 'quota_exceeded', message: `${quotaMessages[quota]}: nothing was stored`, afterMs };
}
