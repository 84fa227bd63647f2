// Where `build:assets` puts what browsers get. The same folder seen from src/ and from dist/.

import { fileURLToPath } from 'node:url';

/** Absolute path of the folder with index.html, page.css and page.js. */
export const pageDirectory: string = fileURLToPath(new URL('../dist/assets', import.meta.url));
