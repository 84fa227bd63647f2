import { ManualClock } from '@longwire/test-support/manual-clock';
import { describe, expect, it } from 'vitest';
import { ConnectionLimits, networkOf } from '../../../src/session/limits/connection-limits.js';

const direct = (address: string) => ({ address, peerAddress: address });

function open(
  options: Partial<ConstructorParameters<typeof ConnectionLimits>[0]> = {},
): [ConnectionLimits, ManualClock] {
  const clock = new ManualClock();
  const defaults = { waiting: 100, waitingPerAddress: 3, connectionsPerAddress: 5, handshakesPerSecond: 10 };
  return [new ConnectionLimits({ ...defaults, isProxy: () => false, ...options }, clock), clock];
}

describe('ConnectionLimits', () => {
  it('keeps an address that waits waitingPerAddress times from taking the places of others', () => {
    const [limits] = open();
    const flooder = direct('192.0.2.1');
    for (let n = 0; n < 3; n++) limits.upgraded(flooder);
    expect(limits.admitHandshake('192.0.2.1')).toEqual({ reason: 'waitingPerAddress', afterS: 2 });
    expect(limits.admitHandshake('192.0.2.2')).toBeUndefined();
    limits.ended(flooder, { wasSignedIn: false });
    expect(limits.admitHandshake('192.0.2.1')).toBeUndefined();
  });

  it('is bounded by waiting for all addresses together', () => {
    const [limits] = open({ waiting: 2 });
    limits.upgraded(direct('192.0.2.1'));
    limits.upgraded(direct('192.0.2.2'));
    expect(limits.admitHandshake('192.0.2.3')).toEqual({ reason: 'waiting', afterS: 2 });
    limits.signedIn(direct('192.0.2.1'));
    expect(limits.admitHandshake('192.0.2.3')).toBeUndefined();
  });

  it('limits the handshakes of an address by handshakesPerSecond, and twice as many at once', () => {
    const [limits, clock] = open();
    for (let n = 0; n < 20; n++) expect(limits.admitHandshake('192.0.2.1')).toBeUndefined();
    expect(limits.admitHandshake('192.0.2.1')).toEqual({ reason: 'handshakesPerSecond', afterS: 1 });
    clock.advanceSync(100);
    expect(limits.admitHandshake('192.0.2.1')).toBeUndefined();
  });

  it('counts connections of an address only while they have no signed-in session, and not those of a proxy', () => {
    const [limits] = open({ isProxy: (address) => address === '192.0.2.9' });
    const connect = (address: string) => Array.from({ length: 6 }, () => limits.connected(address));
    expect(connect('192.0.2.1')).toEqual([true, true, true, true, true, false]);
    expect(connect('192.0.2.9')).not.toContain(false);
    limits.disconnected('192.0.2.1');
    limits.upgraded(direct('192.0.2.1'));
    limits.signedIn(direct('192.0.2.1'));
    expect(limits.connected('192.0.2.1')).toBe(true);
    // The signed-in one goes: it counts again until its socket is closed, in whatever order the two are reported.
    limits.ended(direct('192.0.2.1'), { wasSignedIn: true });
    limits.disconnected('192.0.2.1');
    expect(limits.connected('192.0.2.1')).toBe(false);
    for (let n = 0; n < 6; n++) limits.disconnected('192.0.2.1');
    expect(limits.connected('192.0.2.1')).toBe(true);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::1', '0:0:0:0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8:1:2::9', '2001:db8:1:2'],
    ['2001:db8::9', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['', ''],
  ])('counts %j as %j: a subscriber of IPv6 has 64 bits of addresses', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
