// What `#platform` is to the type checker: the `imports` of package.json put one of browser.ts and node.ts in its place.

import type { Platform } from './platform.js';

export declare const platform: Platform;
