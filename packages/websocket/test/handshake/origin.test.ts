import { expect, it } from 'vitest';
import { isSameOrigin, parseOrigin } from '../../src/handshake/origin.js';

it('reads an origin, with the default port of its scheme', () => {
  expect(parseOrigin('https://Example.ORG')).toEqual({ scheme: 'https', hostname: 'example.org', port: 443 });
  expect(parseOrigin('http://[::1]:8080')).toEqual({ scheme: 'http', hostname: '[::1]', port: 8080 });
});

it.each([
  'null',
  '',
  'example.org',
  'file://',
  'http://',
  'http://a/b',
  'http://u@a',
  'http://a?b',
  'http://a:99999',
  'javascript:1',
])('reads nothing from %j', (origin) => {
  expect(parseOrigin(origin)).toBeUndefined();
});

it.each([
  ['http://good.example', 'good.example', false, true],
  ['http://GOOD.example:80', 'good.example', false, true],
  ['https://good.example', 'good.example', true, true],
  ['https://good.example', 'good.example:443', true, true],
  ['http://good.example', 'good.example', true, false],
  ['https://good.example', 'good.example', false, false],
  ['http://good.example:8080', 'good.example', false, false],
  ['http://good.example.evil', 'good.example', false, false],
  ['http://evil-good.example', 'good.example', false, false],
  ['http://good.example@evil', 'good.example', false, false],
  ['null', 'good.example', false, false],
])('isSameOrigin(%j, %j, %j) is %j', (origin, host, isSecure, expected) => {
  expect(isSameOrigin(origin, host, isSecure)).toBe(expected);
});

it('isSameOrigin returns undefined without an Origin header', () => {
  expect(isSameOrigin(undefined, 'a', false)).toBeUndefined();
});
