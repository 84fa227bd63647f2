import { describeOneUser } from './suites/one-user.js';

describeOneUser({ sessions: 1_500, messages: 10_000 });
