import { describe, expect, it } from 'vitest';
import { PairMap } from '../../src/runtime/pair-map.js';

describe('PairMap', () => {
  it('finds a value by both halves of its key, and by no other pair', () => {
    const map = new PairMap<string, string, number>();
    map.set('a', 'b', 1);
    map.set('b', 'a', 2);
    map.set('a', 'b', 3);
    expect([map.get('a', 'b'), map.get('b', 'a'), map.get('a', 'a'), map.get('c', 'b')]).toEqual([
      3,
      2,
      undefined,
      undefined,
    ]);
    expect(map.size).toBe(2);
  });

  it('counts in size what delete leaves, while values is being read', () => {
    const map = new PairMap<string, string, string>();
    for (const [first, second] of ['ax', 'ay', 'bx', 'cx']) map.set(first!, second!, `${first}${second}`);
    const seen: string[] = [];
    for (const value of map.values()) {
      seen.push(value);
      if (!value.startsWith('c')) map.delete(value[0]!, value[1]!);
    }
    map.delete('a', 'x');
    map.delete('z', 'z');
    expect(seen).toEqual(['ax', 'ay', 'bx', 'cx']);
    expect([map.size, [...map.values()]]).toEqual([1, ['cx']]);
  });
});
