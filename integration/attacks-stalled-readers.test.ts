import { describeSlowReaders } from '../attacks/suites/slow-readers.js';

describeSlowReaders({ stalled: 4, reading: 8, bodyBytes: 32_768, messagesEach: 64, tricklers: 2 });
