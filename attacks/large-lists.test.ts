import { describeLargeLists } from './suites/large-lists.js';

describeLargeLists({ strangers: 1_000, bodyBytes: 60_000 });
