import { describeSignIns } from '../attacks/suites/sign-ins.js';

describeSignIns({ channels: 3_000, signIns: 200 });
