import { describeManyChannelsBehind } from '../attacks/suites/many-channels-behind.js';

describeManyChannelsBehind({ channels: 600, allRingsBytes: 16 * 1_048_576, workingBytes: 96 * 1_048_576 });
