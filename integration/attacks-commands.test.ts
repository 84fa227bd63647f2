import { describeDescriptorAttack } from '../attacks/suites/descriptors.js';
import { describeHardJson } from '../attacks/suites/hard-json.js';
import { describeMasksAndMemory } from '../attacks/suites/masks-and-memory.js';
import { describeMutationFuzzing } from '../attacks/suites/mutation-fuzzing.js';

describeHardJson({ envelopes: 1_000, envelopesOnTheWire: 200 });
describeMasksAndMemory({ masks: 50_000, memoryRounds: 2 });
describeMutationFuzzing({ durationMs: 2_500 });
describeDescriptorAttack({ connections: 300 });
