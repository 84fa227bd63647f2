// `presence`, `watch` and `unwatch`: who is online, now and from now on.

import {
  encodeOk,
  encodePresenceList,
  type PresenceCommand,
  type PresenceState,
  type UnwatchCommand,
  type UserId,
  type WatchCommand,
} from '@longwire/protocol';
import type { RefusalCounter } from '../../runtime/refusal-counter.js';
import type { ClientSession } from '../client-session.js';
import type { Presence } from '../presence/presence.js';
import { type CommandError, reply, replyError, unavailableError } from './reply.js';

export function handlePresence(session: ClientSession, command: PresenceCommand, presence: Presence): void {
  answer(session, command, presence, async () => {
    const states = await presence.look(session.user, command.users);
    reply(session, command, (re) => encodePresenceList(re, states));
  });
}

export function handleWatch(
  session: ClientSession,
  command: WatchCommand,
  presence: Presence,
  refusals: RefusalCounter,
): void {
  answer(session, command, presence, async () => {
    const { id, users } = command;
    const answerStates =
      id === undefined
        ? undefined
        : (states: ReadonlyMap<UserId, PresenceState>) => session.queueText(encodePresenceList(id, states));
    if (await presence.watch(session, users, answerStates)) return;
    refusals.count('limits.watches');
    replyError(session, command, tooManyWatches);
  });
}

export function handleUnwatch(session: ClientSession, command: UnwatchCommand, presence: Presence): void {
  presence.unwatch(session, command.users);
  reply(session, command, encodeOk);
}

const tooManyWatches: CommandError = {
  code: 'quota_exceeded',
  message:
    'this session watches as many users as allowed (limits.watches): none of these is watched; unwatch others first',
};

function answer(
  session: ClientSession,
  command: PresenceCommand | WatchCommand,
  presence: Presence,
  make: () => Promise<void>,
): void {
  session.startCommand();
  void make()
    .catch((error: unknown) => {
      presence.reportFailure(error);
      replyError(session, command, unavailableError(error, 'the state of these users'));
    })
    .finally(() => session.finishCommand());
}
