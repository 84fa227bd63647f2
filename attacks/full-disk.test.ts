import { describeFullDisk } from './suites/full-disk.js';

describeFullDisk({ sends: 20_000 });
