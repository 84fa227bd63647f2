import { stretched } from '@longwire/test-support/stretched';
import { describeSteadyReaders } from '../attacks/suites/steady-readers.js';

describeSteadyReaders({
  heartbeatMs: stretched(1_000),
  heartbeatGraceMs: stretched(1_000),
  bytesPerSecond: 256 * 1_024,
  fastBytes: 2 * 1_048_576,
  forMs: 10_000,
});
