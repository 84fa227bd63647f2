import { describe, it } from 'vitest';
import { ReadingModel } from './reading-model.js';
import { expectNaive, type Step, take } from './reading-steps.js';

// What the property found, or would find once in many thousand runs.
describe('who leaves a group gets nothing of what comes before the next joining', () => {
  const ENG = 7;
  const OPS = 8;
  const [ALICE, BOB] = [0, 1];
  const member = (channel: number, user: number): Step => ({ do: 'member', channel, user });
  const publish = (count: number): Step => ({ do: 'publish', count });
  const connect = (capacity: number): Step => ({ do: 'connect', device: 0, capacity, givesCursors: false });
  const open = (count: number): Step[] => Array.from({ length: count }, () => ({ do: 'open', device: 0 }));
  const write = (channel: number, count: number): Step => ({
    do: 'append',
    channel,
    sender: 0,
    echo: false,
    count,
  });
  /** One group is loaded at a time. */
  const unloadEng = [member(OPS, BOB), publish(1)];

  it.each<[string, Step[]]>([
    [
      'when they come back and leave once more between the answer of the store and its comparison',
      [
        member(ENG, ALICE),
        member(ENG, ALICE),
        publish(2),
        connect(4),
        ...open(3),
        member(ENG, ALICE),
        member(ENG, ALICE),
        member(ENG, BOB),
        publish(3),
      ],
    ],
    [
      'when they leave between the answer of the store and its comparison, and members are loaded slowly',
      [
        member(ENG, ALICE),
        publish(1),
        ...unloadEng,
        connect(4),
        ...open(3),
        member(ENG, ALICE),
        member(ENG, BOB),
        member(OPS, BOB),
        publish(2),
        ...open(2),
        { do: 'page', index: 0, endsTurn: false },
        { do: 'page', index: 0, endsTurn: false },
      ],
    ],
    [
      'when they are behind, and come back and leave once more while members are loaded',
      [
        member(ENG, ALICE),
        publish(1),
        connect(1),
        ...open(5),
        { do: 'page', index: 0, endsTurn: true },
        { do: 'drain', device: 0, count: 1 },
        write(ENG, 3),
        publish(3),
        member(ENG, ALICE),
        publish(1),
        ...unloadEng,
        member(ENG, BOB),
        member(ENG, ALICE),
        member(ENG, ALICE),
        // Until this one is applied.
        member(OPS, BOB),
        publish(3),
        ...Array.from({ length: 9 }, (): Step => ({ do: 'drain', device: 0, count: 1 })),
      ],
    ],
  ])('%s', async (_, steps) => {
    const model = new ReadingModel({ allRingsBytes: 1_000_000 });
    for (const next of steps) await take(model, next);
    await model.settle();
    const [alice] = model.devices;
    expectNaive(model, alice!, model.channels[ENG]!);
  });
});
