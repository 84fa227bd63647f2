import { describeMutationFuzzing } from '../attacks/suites/mutation-fuzzing.js';

describeMutationFuzzing({ durationMs: 2_500 });
