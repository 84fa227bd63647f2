// What users of the model may do.

import fc from 'fast-check';

export const USERS = 5;
export const DEVICES_OF_USER = 2;
export const GROUPS = 3;

const weights = {
  sendToUser: 14,
  sendToGroup: 16,
  ack: 10,
  read: 8,
  list: 6,
  history: 6,
  connect: 8,
  disconnect: 5,
  cut: 3,
  block: 3,
  unblock: 3,
  archive: 2,
  unarchive: 1,
  hide: 2,
  create: 4,
  update: 2,
  join: 5,
  add: 6,
  accept: 5,
  decline: 2,
  leave: 4,
  remove: 3,
  role: 4,
  delete: 1,
  stop: 1,
  kill: 1,
} as const;

export type StepKind = keyof typeof weights;

export interface Step {
  readonly do: StepKind;
  /** Whose session does it; it is opened if it is not open. */
  readonly device: number;
  /** Another user. */
  readonly other: number;
  readonly group: number;
  /** An offset, a role, a limit, as the step needs it. */
  readonly n: number;
  readonly flag: boolean;
}

export const peopleSteps = (count: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      do: fc.oneof(
        ...Object.entries(weights).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind as StepKind) })),
      ),
      device: fc.nat({ max: USERS * DEVICES_OF_USER - 1 }),
      other: fc.nat({ max: USERS - 1 }),
      group: fc.nat({ max: GROUPS - 1 }),
      n: fc.nat({ max: 999 }),
      flag: fc.boolean(),
    }),
    { minLength: count, maxLength: count },
  );
