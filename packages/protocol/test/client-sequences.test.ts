import { describe, expect, test } from 'vitest';
import type { Position } from '../src/index.js';
import { ClientModel, type SequenceStep } from './client-model.js';
import { readVectors } from './vectors.js';

interface Sequences {
  readonly user: string;
  readonly sequences: readonly {
    readonly title: string;
    readonly cursors?: Record<string, Position>;
    readonly steps: readonly SequenceStep[];
  }[];
}

describe('the client sequences agree with a plain model of the normative algorithm', () => {
  const { user, sequences } = readVectors<Sequences>('client-sequences');

  test.each(sequences)('$title', ({ cursors, steps }) => {
    const model = new ClientModel(user, cursors ?? {});
    for (const step of steps) {
      const result = model.run(step);
      expect(result.events).toEqual(step.events);
      if (step.sends !== undefined) expect(result.sends).toEqual(step.sends);
      if (step.positions !== undefined) expect(result.positions).toEqual(step.positions);
    }
  });

  test('all titles are different', () => {
    expect(new Set(sequences.map(({ title }) => title)).size).toBe(sequences.length);
  });
});
