import { describeStoreCalls } from './suites/store-calls.js';

describeStoreCalls({ users: 20, commands: 200 });
