import { describeOneUser } from '../attacks/suites/one-user.js';

describeOneUser({ sessions: 100, messages: 500 });
