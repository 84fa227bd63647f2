import { describeLargeLists } from '../attacks/suites/large-lists.js';

describeLargeLists({ strangers: 120, bodyBytes: 60_000 });
