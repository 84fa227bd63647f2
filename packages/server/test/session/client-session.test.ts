import type { DeviceId, UserId } from '@longwire/protocol';
import { describe, expect, it } from 'vitest';
import { ClientSession } from '../../src/session/client-session.js';
import { OutboxBudget } from '../../src/session/limits/outbox-budget.js';
import { WrittenOutlet } from './written-outlet.js';

function open(
  bounds = { outboxBytes: 1_000, inFlight: 2 },
  budget = new OutboxBudget(1_000_000),
): [ClientSession, WrittenOutlet] {
  const outlet = new WrittenOutlet();
  const session = new ClientSession('s1', outlet, bounds, budget);
  session.identity = { user: 'alice' as UserId, device: 'default' as DeviceId };
  session.phase = 'ready';
  return [session, outlet];
}

describe('a session', () => {
  it('is not read while as many commands as allowed have no answer', () => {
    const [session, outlet] = open();
    session.startCommand();
    session.startCommand();
    session.startCommand();
    expect(outlet.log).toEqual(['pause']);
    session.finishCommand();
    session.finishCommand();
    expect(outlet.log).toEqual(['pause', 'resume']);
  });

  it('is not read while its outbox is full, nor with a command that waits for the sign-in, nor once the server stops', () => {
    const [session, outlet] = open();
    outlet.bufferedBytes = 1_000;
    session.updateReading();
    outlet.writeUntil(500);
    session.heldTexts = ['{"type":"ping"}'];
    session.updateReading();
    session.heldTexts = [];
    session.updateReading();
    session.stopReading();
    session.startCommand();
    session.finishCommand();
    expect(outlet.log).toEqual(['pause', 'resume', 'pause', 'resume', 'pause']);
  });

  it('makes large answers one at a time, in order, and only with room for them', async () => {
    const [session, outlet] = open();
    const made: number[] = [];
    outlet.bufferedBytes = 501;
    // A page is counted as more than the outbox of this test takes, unless it is empty.
    for (const n of [1, 2, 3]) {
      session.whenRoomForPage(async () => {
        made.push(n);
        await Promise.resolve();
        made.push(n);
      });
    }
    expect(made).toEqual([]);
    outlet.writeUntil(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(made).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('says goodbye once, with the first reason', () => {
    const [session, outlet] = open();
    session.end(4001, 'restart');
    session.end(4100, 'later');
    expect(outlet.log).toEqual(['{"type":"goodbye","code":4001,"reason":"restart","reconnect":true}', 'close 4001']);
  });
});
