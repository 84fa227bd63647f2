import { describeDescriptorAttack } from './suites/descriptors.js';
import { describeHardJson } from './suites/hard-json.js';
import { describeMasksAndMemory } from './suites/masks-and-memory.js';

describeHardJson({ envelopes: 100_000, envelopesOnTheWire: 5_000 });
describeMasksAndMemory({ masks: 1_000_000, memoryRounds: 100 });
describeDescriptorAttack({ connections: 1_000 });
