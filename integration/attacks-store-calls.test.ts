import { describeStoreCalls } from '../attacks/suites/store-calls.js';

describeStoreCalls({ users: 20, commands: 20 });
