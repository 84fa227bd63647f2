import { describe, expect, it } from 'vitest';
import { isLoopbackAddress, isLoopbackHost, isLoopbackOrigin } from '../../src/config/loopback.js';
import { flagOf, settingKeys, variableOf } from '../../src/config/settings.js';

describe('names of settings', () => {
  it('have one flag and one variable each', () => {
    expect(flagOf('limits.outboxBytes')).toBe('--limits-outbox-bytes');
    expect(variableOf('limits.outboxBytes')).toBe('LONGWIRE_LIMITS_OUTBOX_BYTES');
    expect(new Set(settingKeys.map(flagOf)).size).toBe(settingKeys.length);
    expect(new Set(settingKeys.map(variableOf)).size).toBe(settingKeys.length);
  });
});

describe('loopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.255.0.9', true],
    ['::1', true],
    ['[::1]', true],
    ['::ffff:127.0.0.1', true],
    ['LOCALHOST', true],
    ['app.localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['::ffff:10.0.0.1', false],
    ['128.0.0.1', false],
    ['localhost.example.org', false],
    ['127.0.0.1.example.org', false],
    ['notlocalhost', false],
    ['', false],
  ])('host %s: %s', (host, isLoopback) => expect(isLoopbackHost(host)).toBe(isLoopback));

  it.each([
    ['http://localhost:8080', true],
    ['https://127.0.0.1', true],
    ['http://[::1]:3000', true],
    ['http://localhost.evil.example', false],
    ['http://127.0.0.1.evil.example', false],
    ['https://evil.example', false],
    ['null', false],
    ['file://', false],
    ['chrome-extension://localhost', false],
  ])('origin %s: %s', (origin, isLoopback) => expect(isLoopbackOrigin(origin)).toBe(isLoopback));

  it('takes names for no address', () => expect(isLoopbackAddress('localhost')).toBe(false));
});
