import { describeLongCommands } from './suites/long-commands.js';

describeLongCommands({ entries: 60_000, repeats: 60, channels: 60_000, devices: 20 });
