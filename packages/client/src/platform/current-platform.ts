// The type of `#platform`: the `imports` of package.json replace it with browser.ts or node.ts.

import type { Platform } from './platform.js';

export declare const platform: Platform;
