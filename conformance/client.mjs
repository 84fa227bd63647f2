// npm run conformance:client -- ws://host:port [--deflate]: walks the cases of a fuzzing server and echoes in each.
// Protocol of such a server: /getCaseCount sends the number, /runCase runs one, /updateReports writes the report.
import { parseArgs } from 'node:util';
import { bootstrapOrExit } from '../scripts/bootstrap.mjs';
import { echoHandler, echoOptions } from './echo.mjs';

const agent = 'longwire';

const { values, positionals } = parseArgs({
  options: { deflate: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [base] = positionals;
if (base === undefined || positionals.length > 1 || !/^wss?:\/\//.test(base)) {
  process.stderr.write('Usage: npm run conformance:client -- ws://host:port [--deflate]\n');
  process.exit(1);
}

const root = base.replace(/\/+$/, '');

await bootstrapOrExit('npm run conformance:client');
// Not before the bootstrap: it is compiled there.
const { dial, resolveWebSocketOptions } = await import('@longwire/websocket');

const options = resolveWebSocketOptions(echoOptions({ deflate: values.deflate, clientNoContextTakeover: true }));

try {
  const count = Number(await firstText('/getCaseCount'));
  if (!Number.isInteger(count)) throw new Error('the server did not send a number of cases');
  for (let number = 1; number <= count; number++) await runCase(number, count);
  await visit(`/updateReports?agent=${agent}`, {});
  process.stdout.write(`${count} cases run, report asked for\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

/** @param {number} number @param {number} count */
async function runCase(number, count) {
  const startedMs = performance.now();
  try {
    const close = await visit(`/runCase?case=${number}&agent=${agent}`, echoHandler);
    const tookMs = Math.round(performance.now() - startedMs);
    process.stdout.write(`case ${number} of ${count}: closed with ${close.code} after ${tookMs} ms\n`);
  } catch (error) {
    // One case without a connection is for the report to judge; the others still run.
    process.stdout.write(`case ${number} of ${count}: ${error instanceof Error ? error.message : error}\n`);
  }
}

/** @param {string} path @returns {Promise<string>} */
async function firstText(path) {
  let first = '';
  await visit(path, {
    onText: (_, text) => {
      first ||= text;
    },
  });
  return first;
}

/**
 * Connects and stays until the connection is over.
 * @param {string} path
 * @param {import('@longwire/websocket').ConnectionHandler} handler
 * @returns {Promise<import('@longwire/websocket').CloseDetails>}
 */
function visit(path, handler) {
  return new Promise((resolve, reject) => {
    const watched = {
      ...handler,
      /** @param {unknown} _ @param {import('@longwire/websocket').CloseDetails} close */
      onClose: (_, close) => resolve(close),
    };
    dial(root + path, { handler: watched, options }).catch(reject);
  });
}
