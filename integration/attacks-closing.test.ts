import { describeCloseRaces } from '../attacks/suites/close-races.js';
import { describeControlFloods } from '../attacks/suites/control-floods.js';

describeCloseRaces({ rawRaces: 100, twoSidedRaces: 50, awaitsTimeouts: false });
describeControlFloods({ attackers: 5, pongs: 10_000, unreadMegabytes: 1 });
