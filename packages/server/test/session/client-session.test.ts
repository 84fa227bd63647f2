import type { DeviceId, UserId } from '@longwire/protocol';
import { describe, expect, it } from 'vitest';
import type { EncodedPush } from '../../src/delivery/encoded-push.js';
import { ClientSession, type Outlet } from '../../src/session/client-session.js';

/** A transport that is written down instead of sent, with as much unsent as the test says. */
class WrittenOutlet implements Outlet {
  bufferedBytes = 0;
  readonly log: string[] = [];

  send(push: EncodedPush): void {
    this.log.push(push.text);
  }
  pauseReading(): void {
    this.log.push('pause');
  }
  resumeReading(): void {
    this.log.push('resume');
  }
  close(code: number): void {
    this.log.push(`close ${code}`);
  }
  terminate(): void {
    this.log.push('terminate');
  }
}

function open(
  bounds = { outboxBytes: 1_000, inFlight: 2 },
  isProcessFull = () => false,
): [ClientSession, WrittenOutlet] {
  const outlet = new WrittenOutlet();
  const session = new ClientSession('s1', outlet, bounds, isProcessFull);
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

  it('is not read while its outbox is full, nor while it signs in, nor once the server stops', () => {
    const [session, outlet] = open();
    outlet.bufferedBytes = 1_000;
    session.updateReading();
    outlet.bufferedBytes = 500;
    session.onDrain();
    session.phase = 'signing-in';
    session.updateReading();
    session.phase = 'ready';
    session.updateReading();
    session.stopReading();
    session.startCommand();
    session.finishCommand();
    expect(outlet.log).toEqual(['pause', 'resume', 'pause', 'resume', 'pause']);
  });

  it('takes anything into an empty outbox, and otherwise what fits while the process has room', () => {
    let isProcessFull = false;
    const [session, outlet] = open(undefined, () => isProcessFull);
    expect(session.hasRoomFor(5_000)).toBe(true);
    outlet.bufferedBytes = 400;
    expect(session.hasRoomFor(600)).toBe(true);
    expect(session.hasRoomFor(601)).toBe(false);
    isProcessFull = true;
    expect(session.hasRoomFor(1)).toBe(false);
  });

  it('makes large answers one at a time, in order, and only with room for them', async () => {
    const [session, outlet] = open();
    const made: number[] = [];
    outlet.bufferedBytes = 501;
    for (const n of [1, 2, 3]) {
      session.whenRoomForPage(async () => {
        made.push(n);
        await Promise.resolve();
        made.push(n);
      });
    }
    expect(made).toEqual([]);
    outlet.bufferedBytes = 500;
    session.onDrain();
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
