import { describeFragmentAttacks } from './suites/fragments.js';
import { describeFrameAttacks } from './suites/frames.js';

describeFrameAttacks({ absurdHeaders: 10_000, announcements: 900 });
describeFragmentAttacks({ connections: 50, rounds: 2, singleBytes: 262_144 });
