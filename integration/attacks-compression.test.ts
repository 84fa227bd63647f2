import { describeCompressionAttacks } from '../attacks/suites/compression.js';

describeCompressionAttacks({ bombBytes: 16 * 1_048_576, bombs: 20, idleConnections: 300 });
