// For servers: where the built page is. The page itself is no module to import.

export { pageDirectory } from './page-directory.js';
