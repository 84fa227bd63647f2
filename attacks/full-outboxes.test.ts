import { describeFullOutboxes } from './suites/full-outboxes.js';

describeFullOutboxes({
  slow: 100,
  slowUsers: 5,
  allOutboxesBytes: 32 * 1_048_576,
  dueBytes: 8 * 1_048_576,
  bursts: 400,
});
