// What the compiler makes of the public API: each `@ts-expect-error` is a mistake that must not compile.

import { connect, type LongwireClient, LongwireError } from '@longwire/client';
import { fileDeviceStore } from '@longwire/client/node';

const client: LongwireClient = connect({
  url: 'ws://127.0.0.1:8080',
  getToken: async ({ purpose, signal }) => {
    await fetch('/token', { signal });
    return `dev:${purpose satisfies 'connect' | 'refresh'}`;
  },
  deviceStore: fileDeviceStore('device.json'),
  positions: { 'user/bob': { epoch: 'k3', offset: 1 } },
});

const off: () => void = client.on('message', async (message) => {
  message.body satisfies unknown;
  message.offset satisfies number;
  message.own satisfies boolean;
  message.from satisfies string | undefined;
  message.by satisfies string | undefined;
  message.bytes satisfies Uint8Array | undefined;
  message.bodyText satisfies string | undefined;
  // @ts-expect-error: a message cannot be changed
  message.offset = 2;
  client.ack(message);
  await client.channel(message.channel).read(message);
});
off();
client.on('state', ({ state, willReconnect }) => {
  state satisfies 'disconnected' | 'connecting' | 'connected' | 'closed';
  willReconnect satisfies boolean;
});
client.on('gap', ({ next, reason }) => void [next satisfies number, reason satisfies string]);
client.on('channel', (channel) => {
  if (channel.removed) return;
  channel.unread satisfies number;
});
client.on(
  'signal',
  ({ name, data, own }) => void [name satisfies string, data satisfies unknown, own satisfies boolean],
);
client.on('typing', ({ channel, user, isTyping }) => void [channel satisfies string, user, isTyping satisfies boolean]);
client.on('presence', ({ user, online, lastSeenAt }) => {
  user satisfies string;
  (online satisfies boolean) ? undefined : (lastSeenAt satisfies number | undefined);
});
(await client.watch(new Set(['bob']))).get('bob')?.online satisfies boolean | undefined;
(await client.profile('bob')).name satisfies string | undefined;
(await client.group('eng').profile('bob')).picture satisfies string | undefined;
(await client.settings({ presence: false })).receipts satisfies boolean;
// @ts-expect-error: the settings are presence and receipts; this name is misspelt
await client.settings({ precense: false });
await client.user('bob').signal('app.pointer', { x: 1 });
// @ts-expect-error: the data of a signal is JSON, which a map is not
await client.user('bob').signal('app.pointer', new Map());
client.on('error', (error) => error satisfies LongwireError);
client.on('connected', ({ channels }) => channels[0]?.unread satisfies number | undefined);
// @ts-expect-error: there is no such event
client.on('mesage', () => undefined);
// @ts-expect-error: a listener of messages gets messages
client.on('message', (message: number) => message);

const { offset, repeated } = await client.user('bob').send({ text: 'hi' }, { signal: AbortSignal.timeout(1000) });
offset satisfies number;
repeated satisfies boolean;
await client.user('bob').send(new Uint8Array(3));
await client.user('bob').sendJson('{"id":12345678901234567890}', { key: 'k1' });
// @ts-expect-error: JSON text is a string
await client.user('bob').sendJson({ text: 'hi' });
interface Drawing {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly title?: string;
}
const drawing: Drawing = { points: [{ x: 1, y: 2 }] };
await client.user('bob').send(drawing);
await client.user('bob').send([drawing]);
await client.user('bob').send({ drawing, at: undefined });
// @ts-expect-error: bytes stand alone
await client.user('bob').send({ bytes: new Uint8Array(3) });
// @ts-expect-error: a map is not JSON
await client.user('bob').send(new Map([[1, 2]]));
// @ts-expect-error: bytes come as a Uint8Array
await client.user('bob').send(new ArrayBuffer(3));
// @ts-expect-error: a promise was not waited for
await client.user('bob').send(Promise.resolve(drawing));
// @ts-expect-error: undefined is not JSON
await client.user('bob').send(undefined);
// @ts-expect-error: a function is not JSON
await client.user('bob').send(() => 1);
// @ts-expect-error: there is no such option
await client.user('bob').send('x', { ttl: 1 });

const { items, messages, more, first } = await client.channel('user/bob').history({ before: 3, limit: 10 });
messages[0]?.at satisfies number | undefined;
for (const item of items) ('reason' in item ? item.reason : item.offset) satisfies string | number;
more satisfies boolean;
await client.block('bob', { signal: AbortSignal.timeout(1000) });
await client.unblock('bob');
await client.user('bob').mute({ until: Date.now() + 3_600_000 });
// @ts-expect-error: block takes the id of a user, not a channel
await client.block(client.user('bob'));
const eng = await client.createGroup({ id: 'eng', title: 'Engineering', users: new Set(['bob']), key: 'k1' });
await eng.send('hi');
(await eng.add(['carol'])).invited[0] satisfies string | undefined;
await eng.accept({ user: 'carol' });
// @ts-expect-error: accept takes the user as an option
await eng.accept('carol');
(await eng.join()).pending satisfies boolean;
(await eng.receipts({ epoch: 'k3', offset: 1 })).read[0] satisfies string | undefined;
// @ts-expect-error: receipts takes a position, which has an epoch
await eng.receipts(1);
(await client.invitations({ after: 'eng' })).invitations[0]?.by satisfies string | undefined;
client.on('invitation', (invitation) => {
  if (invitation.ended !== true) invitation.by satisfies string;
});
await eng.setRole('carol', 'admin');
// @ts-expect-error: the roles are owner, admin and member
await eng.setRole('carol', 'boss');
await eng.update({ title: null, joining: 'open' });
// @ts-expect-error: null resets a setting, which only update does
await client.createGroup({ title: null });
(await client.group('eng').members({ after: 'bob' })).members[0]?.role satisfies string | undefined;
client.on('member', ({ users, change, own }) => void [users satisfies readonly string[], change satisfies string, own]);
client.on('group', ({ settings, deleted }) => void [settings.title satisfies string | null | undefined, deleted]);
await client.user('bob').history({ after: first, signal: new AbortController().signal });
(await client.channels({ limit: 10 })).channels.at(0)?.address satisfies string | undefined;

// @ts-expect-error: there is no such option
connect({ url: 'ws://x', tokn: 'x' });
// @ts-expect-error: an error has a code and a message
new LongwireError();
await using _disposed = client;
