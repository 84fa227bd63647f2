import { describeFragmentAttacks } from '../attacks/suites/fragments.js';
import { describeFrameAttacks } from '../attacks/suites/frames.js';

describeFrameAttacks({ absurdHeaders: 100, announcements: 100 });
describeFragmentAttacks({ connections: 5, rounds: 1, singleBytes: 16_384 });
