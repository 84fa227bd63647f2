import { describeSignIns } from './suites/sign-ins.js';

describeSignIns({ channels: 30_000, signIns: 400 });
