// `signal`: something passing for the users of a channel.

import { encodeOk, type ReceivedSignalCommand } from '@longwire/protocol';
import type { SignalOutcome, SignalSender } from '../../messaging/signal-sender.js';
import type { ClientSession } from '../client-session.js';
import { channelToWrite } from './offered-channel.js';
import { reply, replyError, unavailableError } from './reply.js';

export function handleSignal(
  session: ClientSession,
  command: ReceivedSignalCommand,
  dataText: string | undefined,
  signals: SignalSender,
): void {
  const { user } = session;
  const channel = channelToWrite(session, 'to', command.to);
  if ('code' in channel) {
    replyError(session, command, channel);
    return;
  }
  const outcome = signals.send({ channel, from: user, name: command.name, data: dataText, session });
  if (!(outcome instanceof Promise)) {
    replySignalOutcome(session, command, outcome);
    return;
  }
  session.startCommand();
  void outcome
    .then(
      (settled) => replySignalOutcome(session, command, settled),
      (error: unknown) => replyError(session, command, unavailableError(error, 'the channel')),
    )
    .finally(() => session.finishCommand());
}

function replySignalOutcome(session: ClientSession, command: ReceivedSignalCommand, outcome: SignalOutcome): void {
  if (outcome.ok) reply(session, command, encodeOk);
  else replyError(session, command, outcome);
}
