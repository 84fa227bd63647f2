import { describe, expect, it } from 'vitest';
import { connectionLimit, descriptorLimit } from '../../src/http/connection-limit.js';

describe('connectionLimit', () => {
  it.each([
    [100_000, 20_000, 19_600],
    [100_000, 1_024, 960],
    [100_000, 256, 192],
    [100_000, 32, 1],
    [500, 20_000, 500],
    [100_000, Number.MAX_SAFE_INTEGER, 100_000],
  ])('with %i configured and %i descriptors is %i', (configured, descriptors, expected) => {
    expect(connectionLimit(configured, descriptors)).toBe(expected);
  });

  it('reads the descriptors of this process', () => {
    expect(descriptorLimit()).toBeGreaterThan(64);
  });
});
