import { describeMutationFuzzing } from './suites/mutation-fuzzing.js';

describeMutationFuzzing({ durationMs: 60_000 });
