import { raisedRates } from '@longwire/test-support/raised-rates';
import { stretched } from '@longwire/test-support/stretched';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: TestServer;
let people = 0;

/** Names that no other test uses: tests share one server and its store. */
function newPeople(): [string, string] {
  people += 1;
  return [`alice${people}`, `bob${people}`];
}

function offsets(messages: readonly WireMessage[]): unknown[] {
  return messages.map((message) => message['offset']);
}

beforeAll(async () => {
  server = await startTestServer({ LONGWIRE_LIMITS_CONNECT_TIMEOUT_MS: String(stretched(1_000)), ...raisedRates });
});

afterAll(async () => {
  await server.remove();
  // Cursors that could not be loaded or written show nowhere else for a while.
  expect(server.logLines.filter((line) => line.includes('"level":50'))).toEqual([]);
});

describe('a session of the gateway', () => {
  it('answers connect with connected: user, device new or known, limits and channels', async () => {
    const [alice] = newPeople();
    const client = await WireClient.open(server.url);
    const connected = await client.ask({ type: 'connect', token: `dev:${alice}`, device: 'phone-1' });
    expect(connected).toMatchObject({
      type: 'connected',
      user: alice,
      device: 'new',
      heartbeatMs: 25_000,
      channels: [],
      ignored: [],
    });
    expect(connected['limits']).toMatchObject({ bodyBytes: 65_536, commandBytes: 131_072, inFlight: 64 });
    expect(connected['server']).toMatch(/^longwire\/\d+\.\d+\.\d+$/);
    await client.end();
    const again = await WireClient.open(server.url);
    expect(await again.ask({ type: 'connect', token: `dev:${alice}`, device: 'phone-1' })).toMatchObject({
      device: 'known',
    });
    await again.end();
  });

  it('needs no subprotocol; a handshake that offers only unknown ones gets 400', async () => {
    const plain = await WireClient.open(server.url, {}, []);
    expect(await plain.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    await plain.end();
    await expect(WireClient.open(server.url, {}, ['longwire.v9.json'])).rejects.toThrow('400');
    await expect(WireClient.open(server.url, {}, ['bearer.abc'])).rejects.toThrow('400');
  });

  it('answers other commands before connect with unauthenticated, and closes with 4104 at the third', async () => {
    const client = await WireClient.open(server.url);
    expect(await client.ask({ type: 'send', to: 'user/bob', body: 1 })).toMatchObject({
      type: 'error',
      code: 'unauthenticated',
    });
    client.say({ type: 'history', channel: 'user/bob' });
    client.say({ type: 'history', channel: 'user/bob' });
    expect(await client.whenClosed()).toMatchObject({ code: 4104 });
    expect(client.ofType('goodbye')).toMatchObject([{ code: 4104, reconnect: false }]);
  });

  it('closes with 4100 after unauthenticated when the token is invalid or missing', async () => {
    const client = await WireClient.open(server.url);
    expect(await client.ask({ type: 'connect', token: 'dev:no spaces allowed' })).toMatchObject({
      code: 'unauthenticated',
    });
    expect(await client.whenClosed()).toMatchObject({ code: 4100 });
    const none = await WireClient.open(server.url);
    expect(await none.ask({ type: 'connect' })).toMatchObject({ code: 'unauthenticated' });
    expect(await none.whenClosed()).toMatchObject({ code: 4100 });
  });

  it('closes with 4007 when no connect comes', async () => {
    const client = await WireClient.open(server.url);
    expect(await client.whenClosed()).toMatchObject({ code: 4007 });
  });

  it('is refused with 403 in auth dev for a foreign Origin or a forwarded request', async () => {
    await expect(WireClient.open(server.url, { headers: { Origin: 'https://evil.example' } })).rejects.toThrow('403');
    await expect(WireClient.open(server.url, { headers: { 'X-Forwarded-For': '10.0.0.1' } })).rejects.toThrow('403');
  });

  it('stays open after the errors exists, unknown_type and invalid_field', async () => {
    const [alice] = newPeople();
    const client = await WireClient.signIn(server.url, alice);
    expect(await client.ask({ type: 'connect', token: `dev:${alice}` })).toMatchObject({
      type: 'error',
      code: 'exists',
    });
    expect(await client.ask({ type: 'subscribe', topic: 'topic/x' })).toMatchObject({
      type: 'error',
      code: 'unknown_type',
    });
    expect(await client.ask({ type: 'send', to: 'topic/x', body: 1 })).toMatchObject({ code: 'invalid_field' });
    expect(await client.ask({ type: 'send', to: 'user/bob', body: 1, ttlMs: 5 })).toMatchObject({
      code: 'invalid_field',
    });
    client.say('ping');
    await client.count('pong', 1);
    client.say({ type: 'send', to: 'user/bob' });
    await client.find((message) => message.type === 'error' && message['of'] === 'send');
    await client.end();
  });

  it('answers malformed to text that is not JSON, closes with 4104 when it repeats, and with 1003 on binary', async () => {
    const [alice] = newPeople();
    const client = await WireClient.signIn(server.url, alice);
    for (let index = 0; index < 16; index += 1) client.say('not json');
    expect(await client.whenClosed()).toMatchObject({ code: 4104 });
    expect(client.ofType('error')[0]).toMatchObject({ code: 'malformed', retryable: false });
    const binary = await WireClient.signIn(server.url, alice);
    binary.socket.send(Buffer.from([1, 2, 3]));
    expect(await binary.whenClosed()).toMatchObject({ code: 1003 });
  });
});

describe('direct messages', () => {
  it('reach an online recipient with every field of send, and the sender gets sent', async () => {
    const [alice, bob] = newPeople();
    const from = await WireClient.signIn(server.url, alice);
    const to = await WireClient.signIn(server.url, bob);
    const headers = { trace: 'abc' };
    const sent = await from.ask({
      type: 'send',
      to: `user/${bob}`,
      body: { text: 'hello', n: [1, 2.5] },
      key: 'k1',
      headers,
      contentType: 'text/plain',
    });
    expect(sent).toMatchObject({ type: 'sent', channel: `user/${bob}`, offset: 1 });
    const [message] = await to.count('message', 1);
    expect(message).toMatchObject({
      channel: `user/${alice}`,
      offset: 1,
      from: alice,
      body: { text: 'hello', n: [1, 2.5] },
      headers,
    });
    expect(message).toMatchObject({ epoch: sent['epoch'], at: sent['at'], contentType: 'text/plain' });
    // The key is between a sender and its own devices.
    expect(message).not.toHaveProperty('key');
    expect(from.ofType('message')).toEqual([]);
    await Promise.all([from.end(), to.end()]);
  });

  it('put sent in the place of the entry: lower offsets come before it, higher ones after', async () => {
    const [alice, bob] = newPeople();
    const a = await WireClient.signIn(server.url, alice);
    const b = await WireClient.signIn(server.url, bob);
    for (let index = 0; index < 200; index += 1) {
      a.say({ id: 1000 + index, type: 'send', to: `user/${bob}`, body: index });
      b.say({ id: 1000 + index, type: 'send', to: `user/${alice}`, body: index });
    }
    for (const client of [a, b]) {
      await client.until(() => client.received.filter((message) => 'offset' in message).length >= 400);
      const stream = client.received.filter((message) => 'offset' in message);
      expect(offsets(stream)).toEqual(Array.from({ length: 400 }, (_, index) => index + 1));
      const own = stream.filter((message) => message.type === 'sent');
      expect(own.map((message) => message.re)).toEqual(Array.from({ length: 200 }, (_, index) => 1000 + index));
    }
    await Promise.all([a.end(), b.end()]);
  });

  it('are pushed to the sending session with echo or without an id, and to its other devices with the key', async () => {
    const [alice, bob] = newPeople();
    const laptop = await WireClient.signIn(server.url, alice, { device: 'laptop' });
    const phone = await WireClient.signIn(server.url, alice, { device: 'phone' });
    await laptop.ask({ type: 'send', to: `user/${bob}`, body: 'one', key: 'k1', echo: true });
    laptop.say({ type: 'send', to: `user/${bob}`, body: 'two' });
    await laptop.ask({ type: 'send', to: `user/${bob}`, body: 'three' });
    expect(offsets(laptop.received.filter((message) => 'offset' in message))).toEqual([1, 1, 2, 3]);
    expect(offsets(laptop.ofType('message'))).toEqual([1, 2]);
    const onPhone = await phone.count('message', 3);
    expect(onPhone[0]).toMatchObject({ key: 'k1', from: alice, channel: `user/${bob}` });
    await Promise.all([laptop.end(), phone.end()]);
  });

  it('append nothing for a known key and answer repeated: true', async () => {
    const [alice, bob] = newPeople();
    const client = await WireClient.signIn(server.url, alice);
    const first = await client.ask({ type: 'send', to: `user/${bob}`, body: 'x', key: 'once' });
    const again = await client.ask({ type: 'send', to: `user/${bob}`, body: 'y', key: 'once' });
    expect(again).toMatchObject({ type: 'sent', repeated: true, offset: first['offset'], epoch: first['epoch'] });
    await client.end();
  });

  it('keep the JSON text of body unchanged, and bytes as base64', async () => {
    const [alice, bob] = newPeople();
    const a = await WireClient.signIn(server.url, alice);
    const b = await WireClient.signIn(server.url, bob);
    const raw: string[] = [];
    b.socket.on('message', (data) => raw.push(String(data)));
    const bodies = [
      '1e2',
      '"\\u0041\\ud83d\\ude00"',
      '{"a":1,"a":2,"__proto__":{"x":1}}',
      `${'['.repeat(64)}${']'.repeat(64)}`,
      'null',
    ];
    for (const body of bodies)
      a.say(`{"id":${JSON.stringify(body.slice(0, 20))},"type":"send","to":"user/${bob}","body":  ${body}  }`);
    await b.count('message', bodies.length);
    bodies.forEach((body, index) => {
      expect(raw[index]).toContain(`"body":${body}}`);
    });
    expect(await a.ask({ type: 'send', to: `user/${bob}`, bytes: 'AAEC' })).toMatchObject({ type: 'sent' });
    const messages = await b.count('message', bodies.length + 1);
    expect(messages.at(-1)).toMatchObject({ bytes: 'AAEC' });
    const deep = `{"id":"deep","type":"send","to":"user/${bob}","body":${'['.repeat(65)}${']'.repeat(65)}}`;
    a.say(deep);
    expect(await a.find((message) => message.re === 'deep')).toMatchObject({ code: 'too_large' });
    const large = await a.ask({ type: 'send', to: `user/${bob}`, body: 'x'.repeat(65_536) });
    expect(large).toMatchObject({ type: 'error', code: 'too_large' });
    await Promise.all([a.end(), b.end()]);
  });

  it('reach their own sender when addressed to user/<self>', async () => {
    const [alice] = newPeople();
    const client = await WireClient.signIn(server.url, alice, { device: 'a' });
    const other = await WireClient.signIn(server.url, alice, { device: 'b' });
    expect(await client.ask({ type: 'send', to: `user/${alice}`, body: 'note' })).toMatchObject({
      type: 'sent',
      offset: 1,
    });
    expect(await other.count('message', 1)).toMatchObject([{ channel: `user/${alice}`, from: alice }]);
    await Promise.all([client.end(), other.end()]);
  });
});

describe('messages to a user who is away', () => {
  it('are delivered once and in order after connect, also after a restart of the server', async () => {
    const [alice, bob] = newPeople();
    const own = await startTestServer(raisedRates);
    const from = await WireClient.signIn(own.url, alice);
    for (let index = 1; index <= 500; index += 1) from.say({ id: index, type: 'send', to: `user/${bob}`, body: index });
    await from.count('sent', 500);
    const restarted = await own.restart();
    expect(await from.whenClosed()).toMatchObject({ code: 4001 });
    expect(from.ofType('goodbye')).toMatchObject([{ code: 4001, reconnect: true }]);
    const to = await WireClient.signIn(restarted.url, bob);
    const messages = await to.count('message', 500);
    expect(messages.map((message) => message['body'])).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    await to.ask({ type: 'ping' });
    expect(to.ofType('message')).toHaveLength(500);
    await restarted.remove();
  });

  it('stay due to a device until its ack, and to that device only', async () => {
    const [alice, bob] = newPeople();
    const from = await WireClient.signIn(server.url, alice);
    const phone = await WireClient.signIn(server.url, bob, { device: 'phone' });
    for (const body of [1, 2, 3, 4]) await from.ask({ type: 'send', to: `user/${bob}`, body });
    const [first] = await phone.count('message', 4);
    const cursors = { [`user/${alice}`]: { epoch: first?.['epoch'], offset: 2 } };
    expect(await phone.ask({ type: 'ack', cursors })).toMatchObject({ type: 'ok' });
    phone.cut();
    const again = await WireClient.signIn(server.url, bob, { device: 'phone' });
    expect(offsets(await again.count('message', 2))).toEqual([3, 4]);
    const laptop = await WireClient.signIn(server.url, bob, { device: 'laptop' });
    expect(offsets(await laptop.count('message', 4))).toEqual([1, 2, 3, 4]);
    await Promise.all([from.end(), again.end(), laptop.end()]);
  });

  it('begin for a new device after the read cursor, also one that is not yet stored', async () => {
    const [alice, bob] = newPeople();
    const from = await WireClient.signIn(server.url, alice);
    for (const body of [1, 2, 3]) await from.ask({ type: 'send', to: `user/${bob}`, body });
    const phone = await WireClient.signIn(server.url, bob, { device: 'phone' });
    const [message] = await phone.count('message', 3);
    await phone.ask({ type: 'read', channel: `user/${alice}`, epoch: message?.['epoch'], offset: 2 });
    const laptop = await WireClient.signIn(server.url, bob, { device: 'laptop' });
    expect(offsets(await laptop.count('message', 1))).toEqual([3]);
    await Promise.all([from.end(), phone.end(), laptop.end()]);
  });

  it('begin at the cursors of connect, for that session only; unknown channels are listed in ignored', async () => {
    const [alice, bob] = newPeople();
    const from = await WireClient.signIn(server.url, alice);
    for (const body of [1, 2, 3]) await from.ask({ type: 'send', to: `user/${bob}`, body });
    const sent = await from.ask({ type: 'send', to: `user/${bob}`, body: 4 });
    const { epoch } = sent;
    const address = `user/${alice}`;
    const client = await WireClient.open(server.url);
    const given = { [address]: { epoch, offset: 2 }, 'user/stranger': { epoch, offset: 9 } };
    const connected = await client.ask({ type: 'connect', token: `dev:${bob}`, cursors: given });
    expect(connected['ignored']).toEqual(['user/stranger']);
    expect(offsets(await client.count('message', 2))).toEqual([3, 4]);
    await client.end();
    const other = await WireClient.signIn(server.url, bob, { cursors: { [address]: { epoch: 'old', offset: 3 } } });
    expect(await other.count('gap', 1)).toMatchObject([{ channel: address, epoch, reason: 'epoch', next: 1 }]);
    expect(offsets(await other.count('message', 4))).toEqual([1, 2, 3, 4]);
    await Promise.all([from.end(), other.end()]);
  });

  it('are pushed to a new device as the newest newDeviceBacklog, with a gap for the rest', async () => {
    const [alice, bob] = newPeople();
    const from = await WireClient.signIn(server.url, alice);
    for (let index = 1; index <= 1_100; index += 1)
      from.say({ id: index, type: 'send', to: `user/${bob}`, body: index });
    await from.count('sent', 1_100);
    const to = await WireClient.signIn(server.url, bob, { device: 'new-one' });
    const messages = await to.count('message', 1_000);
    expect(to.ofType('gap')).toMatchObject([{ reason: 'skipped', from: 1, to: 100, next: 101 }]);
    expect(offsets(messages)).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 101));
    await Promise.all([from.end(), to.end()]);
  });
});

describe('ack, read, history and channels', () => {
  it('push receipts to the other user, and unread counts to the user', async () => {
    const [alice, bob] = newPeople();
    const a = await WireClient.signIn(server.url, alice);
    const b = await WireClient.signIn(server.url, bob);
    for (const body of [1, 2, 3]) await a.ask({ type: 'send', to: `user/${bob}`, body });
    const messages = await b.count('message', 3);
    const { epoch } = messages[0] as WireMessage;
    b.say({ type: 'ack', cursors: { [`user/${alice}`]: { epoch, offset: 3 } } });
    expect(await b.ask({ type: 'read', channel: `user/${alice}`, epoch, offset: 2 })).toMatchObject({ type: 'ok' });
    const receipt = await a.find((message) => message.type === 'receipt' && message['user'] === bob);
    expect(receipt).toEqual({ type: 'receipt', channel: `user/${bob}`, user: bob, epoch, delivered: 3, read: 2 });
    const listed = await b.ask({ type: 'channels' });
    expect(listed['channels']).toMatchObject([
      {
        address: `user/${alice}`,
        head: 3,
        read: 2,
        unread: 1,
        visibleFrom: 1,
        last: { offset: 3, body: 3 },
        peer: { read: 3 },
      },
    ]);
    const mine = await a.ask({ type: 'channels' });
    expect(mine['channels']).toMatchObject([{ address: `user/${bob}`, unread: 0, peer: { delivered: 3, read: 2 } }]);
    await Promise.all([a.end(), b.end()]);
  });

  it('change nothing for another epoch or above the head', async () => {
    const [alice, bob] = newPeople();
    const a = await WireClient.signIn(server.url, alice);
    const sent = await a.ask({ type: 'send', to: `user/${bob}`, body: 1 });
    const channel = `user/${bob}`;
    expect(await a.ask({ type: 'ack', cursors: { [channel]: { epoch: 'x', offset: 1 } } })).toMatchObject({
      code: 'stale_epoch',
    });
    expect(await a.ask({ type: 'ack', cursors: { [channel]: 2 } })).toMatchObject({ code: 'invalid_field' });
    expect(await a.ask({ type: 'ack', cursors: { [channel]: 1 } })).toMatchObject({ type: 'ok' });
    expect(await a.ask({ type: 'read', channel, epoch: sent['epoch'], offset: 7 })).toMatchObject({
      code: 'invalid_field',
    });
    await a.end();
  });

  it('return pages with more', async () => {
    const [alice] = newPeople();
    const a = await WireClient.signIn(server.url, alice);
    for (let index = 1; index <= 5; index += 1)
      await a.ask({ type: 'send', to: `user/${alice}.${index}`, body: index });
    for (let index = 2; index <= 6; index += 1) await a.ask({ type: 'send', to: `user/${alice}.1`, body: index });
    const channel = `user/${alice}.1`;
    const newest = await a.ask({ type: 'history', channel, limit: 2 });
    expect(newest).toMatchObject({ type: 'history', more: true, entries: [{ offset: 5 }, { offset: 6, body: 6 }] });
    const older = await a.ask({ type: 'history', channel, before: 5, limit: 10 });
    expect(older).toMatchObject({ more: false, entries: [{ offset: 1 }, { offset: 2 }, { offset: 3 }, { offset: 4 }] });
    expect(await a.ask({ type: 'history', channel: 'user/nobody-yet' })).toMatchObject({ entries: [], more: false });
    const first = await a.ask({ type: 'channels', limit: 2 });
    expect(first).toMatchObject({ more: true, channels: [{ address: channel }, { address: `user/${alice}.5` }] });
    const rest = await a.ask({ type: 'channels', limit: 10, after: `user/${alice}.5` });
    expect((rest['channels'] as { address: string }[]).map(({ address }) => address)).toEqual(
      [4, 3, 2].map((index) => `user/${alice}.${index}`),
    );
    expect(await a.ask({ type: 'channels', after: `user/${alice}.9` })).toMatchObject({
      type: 'error',
      code: 'invalid_field',
    });
    await a.end();
  });
});
