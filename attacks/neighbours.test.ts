import { describeNeighbours } from './suites/neighbours.js';

const SECONDS_MS = 1_000;
const MINUTES_MS = 60_000;

/** `ATTACK_LONG=1 npm run test:attacks -- attacks/neighbours` runs the long form, of an hour and a half. */
const isLong = process.env['ATTACK_LONG'] === '1';

describeNeighbours(
  isLong
    ? { quietMs: 30 * SECONDS_MS, attackMs: 5 * MINUTES_MS, mixMs: 30 * MINUTES_MS }
    : { quietMs: 10 * SECONDS_MS, attackMs: 20 * SECONDS_MS, mixMs: 60 * SECONDS_MS },
);
