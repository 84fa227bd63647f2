// Makes inputs out of inputs: the mutations that find most in parsers, chosen by a seeded generator.

import type { SeededRandom } from '@longwire/test-support/seeded-random';

const MAX_INPUT_BYTES = 4_096;
const interestingBytes = [
  0x00, 0x01, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x88, 0x89, 0xc0, 0xc1, 0xed, 0xf4, 0xfe, 0xff, 0x22, 0x5c, 0x7b,
  0x2c,
];

type Mutation = (input: Buffer, random: SeededRandom, others: readonly Buffer[]) => Buffer;

const mutations: readonly Mutation[] = [
  // A bit.
  (input, random) => {
    const copy = Buffer.from(input);
    const at = random.below(copy.length);
    copy[at] = copy[at]! ^ (1 << random.below(8));
    return copy;
  },
  // A byte.
  (input, random) => {
    const copy = Buffer.from(input);
    copy[random.below(copy.length)] = random.pick(interestingBytes);
    return copy;
  },
  // Bytes put in.
  (input, random) => {
    const at = random.below(input.length + 1);
    return Buffer.concat([input.subarray(0, at), random.bytes(1 + random.below(4)), input.subarray(at)]);
  },
  // Bytes taken out.
  (input, random) => {
    const at = random.below(input.length);
    return Buffer.concat([input.subarray(0, at), input.subarray(at + 1 + random.below(8))]);
  },
  // A part twice.
  (input, random) => {
    const at = random.below(input.length);
    const part = input.subarray(at, at + 1 + random.below(32));
    return Buffer.concat([input.subarray(0, at), part, input.subarray(at)]);
  },
  // The end missing.
  (input, random) => input.subarray(0, random.below(input.length + 1)),
  // The beginning of this and the end of another.
  (input, random, others) => {
    const other = random.pick(others);
    return Buffer.concat([
      input.subarray(0, random.below(input.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]);
  },
  // One after the other.
  (input, random, others) => Buffer.concat([input, random.pick(others)]),
];

/** One to four mutations of one of the inputs. */
export function mutated(inputs: readonly Buffer[], random: SeededRandom): Buffer {
  let input = random.pick(inputs);
  for (let n = 1 + random.below(4); n > 0; n--) {
    if (input.length === 0) input = random.bytes(4);
    input = random.pick(mutations)(input, random, inputs);
  }
  return Buffer.from(input.subarray(0, MAX_INPUT_BYTES));
}
