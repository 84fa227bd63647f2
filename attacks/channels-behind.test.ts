import { describeManyChannelsBehind } from './suites/many-channels-behind.js';

// All that becomes due is 1.1 GiB.
describeManyChannelsBehind({ channels: 9_000, allRingsBytes: 64 * 1_048_576, workingBytes: 256 * 1_048_576 });
