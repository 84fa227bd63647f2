import { describeCloseRaces } from './suites/close-races.js';
import { describeControlFloods } from './suites/control-floods.js';

describeCloseRaces({ rawRaces: 10_000, twoSidedRaces: 3_000, awaitsTimeouts: true });
describeControlFloods({ attackers: 50, pongs: 200_000, unreadMegabytes: 20 });
