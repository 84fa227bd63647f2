import { expect, it } from 'vitest';
import { isLoopbackAddress, isLoopbackHost, isLoopbackOrigin } from '../../src/handshake/loopback.js';

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
])('isLoopbackHost(%j) is %s', (host, isLoopback) => expect(isLoopbackHost(host)).toBe(isLoopback));

it.each([
  ['http://localhost:8080', true],
  ['https://127.0.0.1', true],
  ['http://[::1]:3000', true],
  ['http://localhost.evil.example', false],
  ['http://127.0.0.1.evil.example', false],
  ['https://evil.example', false],
  ['http://app.localhost:3000', true],
  ['null', false],
  [undefined, false],
  ['ws://localhost', false],
  ['file://', false],
  ['chrome-extension://localhost', false],
])('isLoopbackOrigin(%j) is %s', (origin, isLoopback) => expect(isLoopbackOrigin(origin)).toBe(isLoopback));

it('isLoopbackAddress is false for names', () => expect(isLoopbackAddress('localhost')).toBe(false));
