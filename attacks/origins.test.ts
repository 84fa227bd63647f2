import { describeForeignPage } from './suites/foreign-page.js';
import { describeOriginAttacks } from './suites/origins.js';

describeOriginAttacks();
await describeForeignPage();
