import { describeCompressionAttacks } from './suites/compression.js';

describeCompressionAttacks({ bombBytes: 64 * 1_048_576, bombs: 100, inflaters: 100, idleConnections: 5_000 });
