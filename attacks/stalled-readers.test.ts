import { describeSlowReaders } from './suites/slow-readers.js';

// The catalogue has 100 of 1 000 readers and 64 MB/s for a minute: a machine with two cores that also runs the attacker
// is given 300 readers and 200 MiB, with a quarter of the usual outbox.
describeSlowReaders({ stalled: 100, reading: 200, bodyBytes: 16_384, messagesEach: 128, tricklers: 10 });
