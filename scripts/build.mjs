// npm run build: what `npm start` and `npm test` do before they begin, alone.
import { bootstrapOrExit } from './bootstrap.mjs';

await bootstrapOrExit('npm run build');
