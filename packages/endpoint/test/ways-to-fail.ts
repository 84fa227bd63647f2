// The ways in which a function of the application can fail, and what it can fail with.
import { afterAll, expect } from 'vitest';

export type Failing = () => never;

/** The ways in which a function can fail with a value. Typed as handlers that return nothing, which they never do. */
const forms: [string, (value: unknown) => Failing][] = [
  [
    'throws',
    (value) => () => {
      throw value;
    },
  ],
  ['returns a rejected promise', (value) => (() => Promise.reject(value)) as unknown as Failing],
  [
    'rejects later',
    (value) =>
      (async () => {
        await new Promise((resolve) => setImmediate(resolve));
        throw value;
      }) as unknown as Failing,
  ],
  [
    'returns a thenable that throws',
    (value) =>
      (() => ({
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
        then() {
          throw value;
        },
      })) as unknown as Failing,
  ],
  [
    'returns a thenable that rejects',
    (value) =>
      (() => ({
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
        then: (_resolve: unknown, reject: (error: unknown) => void) => queueMicrotask(() => reject(value)),
      })) as unknown as Failing,
  ],
  [
    'returns an object whose then cannot be read',
    (value) =>
      (() => ({
        // biome-ignore lint/suspicious/noThenProperty: half a thenable is what is tested
        get then() {
          throw value;
        },
      })) as unknown as Failing,
  ],
];

const values: [string, unknown][] = [
  ['an Error', new Error('broken')],
  ['undefined', undefined],
  ['null', null],
  ['a string', 'broken'],
  ['an object that cannot be printed', Object.create(null)],
];

/** Every form with every value. */
export const waysToFail = forms.flatMap(([form, fail]) => values.map(([what, value]) => ({ form, what, fail, value })));

/** Where nobody can wait, a promise is the fault, not what becomes of it. */
export function faultOfAnswer(form: string, value: unknown): unknown {
  if (form === 'throws' || form === 'returns an object whose then cannot be read') return value;
  return expect.objectContaining({ name: 'TypeError', message: expect.stringContaining('has to answer at once') });
}

/** Listens from now on to the end of the file; what it returns expects that no rejection went unhandled. */
export function expectNoUnhandledRejection(): () => void {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);
  process.on('unhandledRejection', onRejection);
  afterAll(() => void process.off('unhandledRejection', onRejection));
  return () => expect(rejections).toEqual([]);
}
