import { describeDescriptorAttack } from '../attacks/suites/descriptors.js';
import { describeHardJson } from '../attacks/suites/hard-json.js';
import { describeMasksAndMemory } from '../attacks/suites/masks-and-memory.js';

describeHardJson({ envelopes: 2_000, envelopesOnTheWire: 200 });
describeMasksAndMemory({ masks: 100_000, memoryRounds: 3 });
describeDescriptorAttack({ connections: 400 });
