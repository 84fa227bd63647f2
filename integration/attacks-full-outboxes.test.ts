import { describeFullOutboxes } from '../attacks/suites/full-outboxes.js';

describeFullOutboxes({ slow: 20, slowUsers: 1, allOutboxesBytes: 4 * 1_048_576, dueBytes: 6 * 1_048_576, bursts: 40 });
