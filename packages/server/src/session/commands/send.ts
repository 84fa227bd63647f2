// `send`: from the fields of the command to the rule, and the outcome back into the session's stream.

import { type Address, encodeSent, type ReceivedSendCommand } from '@longwire/protocol';
import type { Channel } from '../../channel/channel.js';
import { addressOf } from '../../channel/channel-address.js';
import type { EntryContent } from '../../channel/entry.js';
import type { MessageSender } from '../../messaging/message-sender.js';
import { applicationsOnly } from '../../messaging/rules/application-rule.js';
import type { ClientSession } from '../client-session.js';
import { channelToWrite } from './offered-channel.js';
import { type CommandError, reply, replyError } from './reply.js';

export function handleSend(
  session: ClientSession,
  command: ReceivedSendCommand,
  bodyText: string | undefined,
  sender: MessageSender,
  now: number,
): void {
  const channel = channelTo(session, command.to);
  if ('code' in channel) {
    replyError(session, command, channel);
    return;
  }
  const byApplications = channel.kind === 'inbox' || channel.kind === 'all' ? channel : undefined;
  const isApplication = byApplications !== undefined;
  const invalid = refusalOfFields(command, isApplication);
  if (invalid !== undefined) {
    replyError(session, command, { code: 'invalid_field', message: invalid });
    return;
  }
  session.startCommand();
  // Who is an admin no longer may still repeat what they sent as one.
  const refusal = byApplications && session.role !== 'admin' ? applicationsOnly(byApplications) : undefined;
  const content: EntryContent = {
    kind: 'message',
    from: isApplication ? undefined : session.user,
    by: isApplication ? session.user : undefined,
    body: bodyText ?? command.bytes ?? 'null',
    bodyFormat: bodyText === undefined ? 'base64' : 'json',
    key: command.key,
    slot: command.slot,
    headers: command.headers === undefined ? undefined : JSON.stringify(command.headers),
    contentType: command.contentType,
    replyTo: command.replyTo,
    target: undefined,
    expiresAt: command.ttlMs === undefined ? undefined : Math.min(now + command.ttlMs, Number.MAX_SAFE_INTEGER),
  };
  sender.send(
    { channel, content, since: command.since, refusal },
    // Without an id there is no `sent` to stand in the entry's place, and the client would see a hole: it gets the entry.
    { session, echo: command.echo === true || command.id === undefined },
    (outcome) => {
      if (outcome.ok) {
        const { position, at, isRepeated } = outcome;
        const repeated = isRepeated ? true : undefined;
        // One's own inbox has two addresses: the one of its entries counts.
        const address = channel.kind === 'inbox' ? addressOf(channel, session.user) : command.to;
        reply(session, command, (re) => encodeSent(re, { channel: address, ...position, at, repeated }));
      } else {
        replyError(session, command, outcome);
      }
      session.finishCommand();
    },
  );
}

function refusalOfFields({ ttlMs, retain }: ReceivedSendCommand, isApplication: boolean): string | undefined {
  if (retain !== undefined) {
    return 'retain: expected no such field, this version does not offer it (connected.features)';
  }
  if (ttlMs === undefined || isApplication) return undefined;
  return 'ttlMs: expected no such field, only notifications and announcements expire in this version';
}

/** Most sessions write to the same one again and again. */
function channelTo(session: ClientSession, to: Address): Channel | CommandError {
  if (session.lastSend?.to === to) return session.lastSend.channel;
  const channel = channelToWrite(session, 'to', to);
  if (!('code' in channel)) session.lastSend = { to, channel };
  return channel;
}
