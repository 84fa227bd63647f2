import { describeCompressionAttacks } from '../attacks/suites/compression.js';

describeCompressionAttacks({ bombBytes: 16 * 1_048_576, bombs: 10, inflaters: 40, idleConnections: 200 });
