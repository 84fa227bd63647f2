// The device id of a client: random and kept for each user, or given by the app.

import { ManualClock } from '@longwire/test-support/manual-clock';
import { describe, expect, it } from 'vitest';
import { DeviceIds } from '../../src/connection/device-ids.js';
import { tokenSubject } from '../../src/connection/token-subject.js';
import type { LongwireError } from '../../src/errors.js';
import type { DeviceStore } from '../../src/platform/platform.js';
import { fillRandom } from '../../src/platform/web-apis.js';
import { memoryDeviceStore } from '../support/test-platform.js';

interface TestedDeviceIds {
  deviceFor(token: string | undefined): Promise<string>;
  readonly errors: LongwireError[];
  readonly warnings: string[];
}

function deviceIds(store: DeviceStore | undefined, device?: string): TestedDeviceIds {
  const errors: LongwireError[] = [];
  const warnings: string[] = [];
  const ids = new DeviceIds({
    device,
    store,
    clock: new ManualClock(),
    fillRandom,
    onError: (error) => errors.push(error),
    warn: (message) => warnings.push(message),
  });
  return { deviceFor: (token) => ids.deviceFor(token, 1000), errors, warnings };
}

function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

describe('the device id', () => {
  it('is random, one for each user, and does not change', async () => {
    const first = deviceIds(memoryDeviceStore());
    const alice = await first.deviceFor('dev:alice');
    expect(alice).toMatch(/^[\w-]{22}$/);
    expect(await first.deviceFor(jwt({ sub: 'alice' }))).toBe(alice);
    expect(await first.deviceFor('dev:bob')).not.toBe(alice);
    expect(await first.deviceFor(undefined)).not.toBe(alice);
  });

  it('is random without a store, with a warning, and does not change in one client', async () => {
    const ids = deviceIds(undefined);
    const device = await ids.deviceFor('dev:alice');
    expect(device).toMatch(/^[\w-]{22}$/);
    expect(await ids.deviceFor('dev:alice')).toBe(device);
    expect(ids.warnings).toEqual([expect.stringContaining('gets the backlog again')]);
  });

  it('is the device option', async () => {
    expect(await deviceIds(memoryDeviceStore(), 'phone').deviceFor('dev:alice')).toBe('phone');
  });

  it('is kept by the client if the store fails, with device_store_failed', async () => {
    const broken: DeviceStore = { load: () => Promise.reject(new Error('denied')), save: (_, device) => device };
    const ids = deviceIds(broken);
    const device = await ids.deviceFor('dev:alice');
    expect(await ids.deviceFor('dev:alice')).toBe(device);
    expect(ids.errors).toMatchObject([{ code: 'device_store_failed', cause: { message: 'denied' } }]);
  });

  it('is replaced if the stored one is not valid', async () => {
    const store = memoryDeviceStore();
    await store.save('alice', 'a / b');
    expect(await deviceIds(store).deviceFor('dev:alice')).toMatch(/^[\w-]{22}$/);
  });
});

describe('the user that a token names', () => {
  it('is read from dev tokens and from JWTs, in any script', () => {
    expect(tokenSubject('dev:alice')).toBe('alice');
    expect(tokenSubject(jwt({ sub: '张三' }))).toBe('张三');
    for (let length = 1; length < 20; length += 1) {
      expect(tokenSubject(jwt({ sub: 'é'.repeat(length) }))).toBe('é'.repeat(length));
    }
  });

  it('is undefined if the token names none', () => {
    for (const token of ['', 'x', 'a.b', 'a.b.c', 'a.!!.c', jwt({}), jwt({ sub: 7 }), `${jwt({ sub: 'a' })}.more`]) {
      expect(tokenSubject(token)).toBeUndefined();
    }
  });
});
