import type { UserId } from '@longwire/protocol';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { describe, expect, it } from 'vitest';
import type { BusEvent } from '../../src/bus/bus.js';
import { directChannel } from '../../src/channel/channel.js';
import { type OutgoingSignal, SignalSender } from '../../src/messaging/signal-sender.js';
import { changeOf, control, entryIn, group, joins, versionOf } from '../storage/requests.js';
import { alice, bob, MessagingFixture } from './messaging-fixture.js';

const channel = directChannel(alice, bob);
const session = {};
const typing: OutgoingSignal = { channel, from: alice, name: 'typing', data: undefined, session };

function senderOn(floor: MessagingFixture, perSecond: number, signalMembers = 200) {
  const limits = { channelSignalsPerSecond: perSecond, signalMembers };
  const clock = new ManualClock();
  const events: BusEvent[] = [];
  const bus = { signal: (event: BusEvent) => void events.push(event) };
  const { heads, members } = floor;
  const sender = new SignalSender({ heads, members, bus, clock, refusals: floor.refusals }, limits);
  return { sender, clock, events };
}

describe('SignalSender', () => {
  it('publishes a signal in a channel with entries, at once if the channel is in use', async () => {
    const floor = await MessagingFixture.open();
    const { sender, events } = senderOn(floor, 5);
    expect(await sender.send(typing)).toMatchObject({ ok: false, code: 'forbidden' });
    await floor.send();
    expect(await sender.send(typing)).toEqual({ ok: true });
    expect(sender.send(typing)).toEqual({ ok: true });
    expect(events.slice(1)).toEqual([
      { type: 'signal', channel, from: alice, name: 'typing', data: undefined, origin: session },
    ]);
  });

  it('refuses with rate_limited and afterMs above perSecond of one channel, and forgets channels at rest', async () => {
    const floor = await MessagingFixture.open();
    const { sender, clock, events } = senderOn(floor, 5);
    await floor.send();
    await floor.members.prepare(channel);
    for (let count = 0; count < 10; count += 1) expect(sender.send(typing)).toEqual({ ok: true });
    expect(sender.send({ ...typing, from: bob })).toMatchObject({ ok: false, code: 'rate_limited', afterMs: 200 });
    await clock.advance(200);
    expect(sender.send(typing)).toEqual({ ok: true });
    expect(events.length).toBe(11);
    sender.sweep();
    expect(sender.size).toBe(1);
    await clock.advance(2_000);
    sender.sweep();
    expect(sender.size).toBe(0);
  });

  it('refuses with blocked where one of the two blocks the other, which is counted', async () => {
    const floor = await MessagingFixture.open();
    const { sender, events } = senderOn(floor, 5);
    await floor.send();
    expect(await sender.send(typing)).toEqual({ ok: true });
    await floor.append(control(channel, 0, { blocks: [{ by: bob, isBlocked: true }] }));
    expect(sender.send(typing)).toMatchObject({ ok: false, code: 'blocked' });
    expect(sender.send({ ...typing, from: bob })).toMatchObject({ ok: false, code: 'blocked' });
    expect(events.length).toBe(1);
    expect(floor.refusals.counts.blocked).toBe(2);
  });

  it('reaches the members of a group, and is refused for others and in groups above signalMembers', async () => {
    const floor = await MessagingFixture.open();
    const eng = group('eng');
    const members = [joins('alice', 'owner'), joins('bob')];
    await floor.append(entryIn(eng, undefined, { kind: 'member', rightsVersion: 0, change: changeOf({ members }) }));
    const [tab, phone, other] = [
      await floor.signIn(alice),
      await floor.signIn(bob),
      await floor.signIn('carol' as UserId),
    ];
    const bus = { signal: (event: BusEvent) => floor.hub.onEvent(event) };
    const sender = new SignalSender(
      { heads: floor.heads, members: floor.members, bus, clock: new ManualClock(), refusals: floor.refusals },
      { channelSignalsPerSecond: 5, signalMembers: 2 },
    );
    const inGroup: OutgoingSignal = { ...typing, channel: eng, session: tab };
    expect(await sender.send(inGroup)).toEqual({ ok: true });
    const signals = (session: typeof tab) =>
      session.take(100).filter((text) => (JSON.parse(text) as { type: string }).type === 'signal');
    expect(signals(phone)).toEqual(['{"type":"signal","channel":"group/eng","from":"alice","name":"typing"}']);
    expect([signals(tab), signals(other)]).toEqual([[], []]);
    expect(sender.send({ ...inGroup, from: 'carol' as UserId })).toMatchObject({ ok: false, code: 'not_a_member' });
    const third = changeOf({ members: [joins('carol')] });
    const rightsVersion = await versionOf(floor.store.log, eng);
    await floor.append(entryIn(eng, undefined, { kind: 'member', rightsVersion, change: third }));
    expect(sender.send(inGroup)).toMatchObject({ ok: false, code: 'forbidden' });
  });
});
