import { describeManyChannelsBehind } from './suites/many-channels-behind.js';

describeManyChannelsBehind({ channels: 9_000, allRingsBytes: 64 * 1_048_576 });
