import { describeLongCommands } from '../attacks/suites/long-commands.js';

describeLongCommands({ entries: 4_000, repeats: 20, channels: 2_000, devices: 10 });
