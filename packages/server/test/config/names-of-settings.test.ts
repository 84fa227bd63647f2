import { describe, expect, it } from 'vitest';
import { flagOf, settingKeys, variableOf } from '../../src/config/settings.js';

describe('names of settings', () => {
  it('have one flag and one variable each', () => {
    expect(flagOf('limits.outboxBytes')).toBe('--limits-outbox-bytes');
    expect(variableOf('limits.outboxBytes')).toBe('LONGWIRE_LIMITS_OUTBOX_BYTES');
    expect(new Set(settingKeys.map(flagOf)).size).toBe(settingKeys.length);
    expect(new Set(settingKeys.map(variableOf)).size).toBe(settingKeys.length);
  });
});
