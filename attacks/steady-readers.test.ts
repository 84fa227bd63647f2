import { describeSteadyReaders } from './suites/steady-readers.js';

// The default heartbeat of a server.
describeSteadyReaders({
  heartbeatMs: 25_000,
  heartbeatGraceMs: 20_000,
  bytesPerSecond: 4_000,
  fastBytes: 16 * 1_048_576,
  forMs: 300_000,
});
