// `settings`: what the user shows to others.

import { encodeSettings, type SettingsCommand } from '@longwire/protocol';
import { ServerError } from '../../errors.js';
import type { ClientSession } from '../client-session.js';
import type { UserSettingsRule } from '../user-settings.js';
import { type CommandError, reply, replyError, unavailableError } from './reply.js';

export function handleSettings(session: ClientSession, command: SettingsCommand, rule: UserSettingsRule): void {
  const { presence, receipts } = command;
  const changed = {
    ...(presence === undefined ? {} : { presence }),
    ...(receipts === undefined ? {} : { receipts }),
  };
  session.startCommand();
  const isRead = Object.keys(changed).length === 0;
  void (isRead ? rule.read(session.user) : rule.change(session, changed))
    .then(
      (settings) => reply(session, command, (re) => encodeSettings(re, settings)),
      (error: unknown) => {
        rule.reportFailure(error);
        replyError(session, command, settingsError(error));
      },
    )
    .finally(() => session.finishCommand());
}

function settingsError(error: unknown): CommandError {
  if (error instanceof ServerError && error.code === 'storage_full') {
    return { code: 'storage_full', message: 'the store of the server is full: the settings were not changed' };
  }
  return unavailableError(error, 'the settings');
}
