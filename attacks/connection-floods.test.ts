import { describeConnectionFloods } from './suites/connection-floods.js';

describeConnectionFloods({ connections: 2_000 });
