// `mute`, `archive` and `hide`: what the user wants of a channel.

import { type ArchiveCommand, encodeOk, type HideCommand, type MuteCommand, parseAddress } from '@longwire/protocol';
import { channelAt } from '../../channel/channel-address.js';
import { type ChannelPreferences, isFull, type PreferenceChange } from '../../messaging/channel-preferences.js';
import { FOREVER } from '../../storage/preferences.js';
import type { ClientSession } from '../client-session.js';
import type { PageFailure } from './page-reply.js';
import { reply, replyError, unavailableError } from './reply.js';

type PreferenceCommand = MuteCommand | ArchiveCommand | HideCommand;

export function handlePreference(
  session: ClientSession,
  command: PreferenceCommand,
  preferences: ChannelPreferences,
  onFailure: PageFailure,
): void {
  const { user } = session;
  const channel = channelAt(parseAddress(command.channel), user);
  session.startCommand();
  void preferences
    .set({ user, channel, change: changeOf(command), session })
    .then(
      (outcome) => (outcome.ok ? reply(session, command, encodeOk) : replyError(session, command, outcome)),
      (error: unknown) => {
        if (isFull(error)) {
          const message = 'the store of the server is full: nothing was changed';
          replyError(session, command, { code: 'storage_full', message });
          return;
        }
        onFailure(error);
        replyError(session, command, unavailableError(error, 'the channel'));
      },
    )
    .finally(() => session.finishCommand());
}

function changeOf(command: PreferenceCommand): PreferenceChange {
  const isOn = command.on !== false;
  switch (command.type) {
    case 'mute':
      return { mutedUntil: isOn ? (command.until ?? FOREVER) : 0 };
    case 'archive':
      return { isArchived: isOn };
    case 'hide':
      return { isHidden: isOn };
  }
}
