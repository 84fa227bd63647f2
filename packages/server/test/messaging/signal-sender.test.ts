import { ManualClock } from '@longwire/test-support/manual-clock';
import { describe, expect, it } from 'vitest';
import type { BusEvent } from '../../src/bus/bus.js';
import { directChannel } from '../../src/channel/channel.js';
import { type OutgoingSignal, SignalSender } from '../../src/messaging/signal-sender.js';
import { RefusalCounter } from '../../src/runtime/refusal-counter.js';
import { alice, bob, MessagingFixture } from './messaging-fixture.js';

const channel = directChannel(alice, bob);
const session = {};
const typing: OutgoingSignal = { channel, from: alice, name: 'typing', data: undefined, session };

function senderOn(floor: MessagingFixture, perSecond: number) {
  const clock = new ManualClock();
  const events: BusEvent[] = [];
  const bus = { signal: (event: BusEvent) => void events.push(event) };
  const sender = new SignalSender(
    { heads: floor.heads, members: floor.members, bus, clock, refusals: new RefusalCounter() },
    perSecond,
  );
  return { sender, clock, events };
}

describe('SignalSender', () => {
  it('publishes a signal in a channel with entries, at once if the channel is in use', async () => {
    const floor = await MessagingFixture.open();
    const { sender, events } = senderOn(floor, 5);
    expect(await sender.send(typing)).toMatchObject({ ok: false, code: 'forbidden' });
    await floor.send();
    await floor.members.prepare(channel);
    expect(sender.send(typing)).toEqual({ ok: true });
    expect(events).toEqual([
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
});
