// What users of the model may do.

import fc from 'fast-check';

export const USERS = 5;
export const DEVICES_OF_USER = 2;
export const GROUPS = 3;

const weights = {
  sendToUser: 42,
  sendToGroup: 48,
  ack: 30,
  read: 24,
  list: 18,
  history: 18,
  connect: 24,
  disconnect: 15,
  cut: 9,
  block: 9,
  unblock: 9,
  archive: 6,
  unarchive: 3,
  hide: 6,
  create: 12,
  update: 6,
  join: 15,
  add: 18,
  accept: 15,
  decline: 6,
  leave: 12,
  remove: 9,
  role: 12,
  delete: 3,
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
