import { describeCloseRaces } from '../attacks/suites/close-races.js';
import { describeControlFloods } from '../attacks/suites/control-floods.js';

describeCloseRaces({ rawRaces: 200, twoSidedRaces: 100 });
describeControlFloods({ attackers: 5, pongs: 10_000, unreadMegabytes: 3 });
