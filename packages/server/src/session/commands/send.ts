// `send`: from the fields of the command to the rule, and the outcome back into the session's stream.

import { type Address, encodeSent, type ReceivedSendCommand } from '@longwire/protocol';
import type { Channel } from '../../channel/channel.js';
import type { EntryContent } from '../../channel/entry.js';
import type { MessageSender } from '../../messaging/message-sender.js';
import type { ClientSession } from '../client-session.js';
import { notOffered, offeredChannel } from './offered-channel.js';
import { reply, replyError } from './reply.js';

export function handleSend(
  session: ClientSession,
  command: ReceivedSendCommand,
  bodyText: string | undefined,
  sender: MessageSender,
): void {
  const channel = channelTo(session, command.to);
  if (channel === undefined) {
    replyError(session, command, notOffered('to', command.to));
    return;
  }
  const unoffered = command.ttlMs === undefined ? (command.retain === undefined ? undefined : 'retain') : 'ttlMs';
  if (unoffered !== undefined) {
    const message = `${unoffered}: expected no such field, this version does not offer it (connected.features)`;
    replyError(session, command, { code: 'invalid_field', message });
    return;
  }
  session.startCommand();
  const content: EntryContent = {
    kind: 'message',
    from: session.user,
    by: undefined,
    body: bodyText ?? command.bytes ?? 'null',
    bodyFormat: bodyText === undefined ? 'base64' : 'json',
    key: command.key,
    slot: command.slot,
    headers: command.headers === undefined ? undefined : JSON.stringify(command.headers),
    contentType: command.contentType,
    replyTo: command.replyTo,
    target: undefined,
    expiresAt: undefined,
  };
  sender.send(
    { channel, content, since: command.since },
    // Without an id there is no `sent` to stand in the entry's place, and the client would see a hole: it gets the entry.
    { session, echo: command.echo === true || command.id === undefined },
    (outcome) => {
      if (outcome.ok) {
        const { position, at, isRepeated } = outcome;
        const repeated = isRepeated ? true : undefined;
        reply(session, command, (re) => encodeSent(re, { channel: command.to, ...position, at, repeated }));
      } else {
        replyError(session, command, outcome);
      }
      session.finishCommand();
    },
  );
}

/** Most sessions write to the same one again and again. */
function channelTo(session: ClientSession, to: Address): Channel | undefined {
  if (session.lastSend?.to === to) return session.lastSend.channel;
  const channel = offeredChannel(session, to);
  if (channel !== undefined) session.lastSend = { to, channel };
  return channel;
}
