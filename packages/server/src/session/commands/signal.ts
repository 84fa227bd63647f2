// `signal`: something passing for the users of a channel.

import { encodeOk, parseAddress, type ReceivedSignalCommand } from '@longwire/protocol';
import { channelAt } from '../../channel/channel-address.js';
import type { SignalOutcome, SignalSender } from '../../messaging/signal-sender.js';
import type { ClientSession } from '../client-session.js';
import { reply, replyError, unavailableError } from './reply.js';

export function handleSignal(
  session: ClientSession,
  command: ReceivedSignalCommand,
  dataText: string | undefined,
  signals: SignalSender,
): void {
  const to = parseAddress(command.to);
  if (to.kind !== 'direct') {
    const message = `to: expected user/<id>, got ${command.to}; this version offers direct channels (connected.features)`;
    replyError(session, command, { code: 'invalid_field', message });
    return;
  }
  const { user } = session;
  const channel = channelAt(to, user);
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
