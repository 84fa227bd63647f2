import { describe, expect, it } from 'vitest';
import { networkOf, PendingConnections } from '../../../src/session/limits/pending-connections.js';

describe('PendingConnections', () => {
  it('keeps an address that floods it from taking the places of others', () => {
    const pending = new PendingConnections({ maxWaiting: 10, maxWaitingPerAddress: 3 });
    for (let n = 0; n < 3; n++) pending.add('192.0.2.1');
    expect(pending.hasRoomFor('192.0.2.1')).toBe(false);
    expect(pending.hasRoomFor('192.0.2.2')).toBe(true);
    pending.remove('192.0.2.1');
    expect(pending.hasRoomFor('192.0.2.1')).toBe(true);
  });

  it('is bounded for all addresses together', () => {
    const pending = new PendingConnections({ maxWaiting: 2, maxWaitingPerAddress: 2 });
    pending.add('192.0.2.1');
    pending.add('192.0.2.2');
    expect(pending.hasRoomFor('192.0.2.3')).toBe(false);
    pending.remove('192.0.2.1');
    pending.remove('192.0.2.2');
    expect(pending.hasRoomFor('192.0.2.3')).toBe(true);
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
