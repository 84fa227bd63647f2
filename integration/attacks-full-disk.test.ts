import { describeFullDisk, describeNearlyFullDisk } from '../attacks/suites/full-disk.js';

describeFullDisk({ sends: 1_000 });
describeNearlyFullDisk();
