import { describeConnectionFloods } from '../attacks/suites/connection-floods.js';

// More than the descriptors of the server: 1 024.
describeConnectionFloods({ connections: 1_100 });
