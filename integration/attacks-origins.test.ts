import { describeOriginAttacks } from '../attacks/suites/origins.js';

describeOriginAttacks();
