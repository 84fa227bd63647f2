import { describeFullDisk, describeNearlyFullDisk } from './suites/full-disk.js';

describeFullDisk({ sends: 20_000 });
describeNearlyFullDisk();
