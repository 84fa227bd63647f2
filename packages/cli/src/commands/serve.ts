// `longwire serve`: runs the server until a signal.

import {
  createLogger,
  type Logger,
  loadConfig,
  printConfig,
  type RunningServer,
  ServerError,
  startServer,
} from '@longwire/server';
import { pageDirectory } from '@longwire/web';
import { Command } from 'commander';
import { bannerJson, bannerText } from '../banner.js';
import { ExitCode, type SetExitCode } from '../exit-code.js';
import { outliveTerminal } from '../lost-terminal.js';
import { type StopSignal, stopSignal } from '../terminal/stop-signal.js';
import { painter, type Terminal, usesColor, writeLine } from '../terminal/terminal.js';
import { addServerOptions, configSources, warnOfSecretFlags } from './server-options.js';

/** The time from a signal to the exit. After it the process ends, whatever is still open. */
const STOP_WITHIN_MS = 4_500;

export function serveCommand(terminal: Terminal, setExitCode: SetExitCode): Command {
  const command = new Command('serve').description('run the server');
  return addServerOptions(command)
    .option('--no-page', 'do not serve the page at /')
    .option('--json', 'print the addresses of the server as one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (options: { readonly page: boolean; readonly json?: boolean }) => {
      setExitCode(await serve(command, terminal, options));
    });
}

async function serve(
  command: Command,
  terminal: Terminal,
  options: { readonly page: boolean; readonly json?: boolean },
): Promise<number> {
  const { config, settings, warnings } = loadConfig(configSources(command, terminal));
  warnOfSecretFlags(printConfig(settings), terminal);
  const color = usesColor(terminal, terminal.stderr);
  const logger = createLogger({ level: config.logLevel, destination: terminal.stderr, color });
  for (const warning of warnings) logger.warn({}, warning);
  outliveTerminal();
  const signal = stopSignal();
  let reportFatal: (error: ServerError) => void = () => undefined;
  const fatal = new Promise<ServerError>((resolve) => {
    reportFatal = resolve;
  });
  const starting = startServer(config, {
    logger,
    pageDirectory: options.page ? pageDirectory : undefined,
    onFatal: reportFatal,
  });
  let server: RunningServer;
  try {
    const first = await Promise.race([starting, signal.received]);
    if (typeof first === 'string') return await stop(first, starting, { logger, signal });
    server = first;
  } catch (error) {
    signal.release();
    throw error;
  }
  const facts = { server, hasPage: options.page, nodeVersion: process.versions.node };
  const banner = options.json ? bannerJson(facts) : bannerText(facts, painter(usesColor(terminal, terminal.stdout)));
  try {
    await writeLine(terminal, banner);
  } catch (err) {
    // A closed pipe or a full disk on stdout is no reason to stop serving.
    logger.warn({ err }, 'The banner could not be printed');
  }

  const ended = await Promise.race([signal.received, fatal]);
  if (ended instanceof ServerError) {
    logger.error({ err: ended }, 'The store has failed; the server stops');
    await within(STOP_WITHIN_MS, server.close()).catch(() => undefined);
    return ExitCode.failed;
  }
  return stop(ended, Promise.resolve(server), { logger, signal });
}

/** Stops the server, even one that is still starting, and then ends the process. */
async function stop(
  asked: NodeJS.Signals,
  starting: Promise<RunningServer>,
  { logger, signal }: { readonly logger: Logger; readonly signal: StopSignal },
): Promise<number> {
  logger.info({ signal: asked }, 'Stopping; send the signal again to stop at once');
  const isClosed = await within(
    STOP_WITHIN_MS,
    starting.then((server) => server.close()),
  );
  if (!isClosed) logger.error({ afterMs: STOP_WITHIN_MS }, 'The server did not stop in time; the process ends now');
  signal.release();
  // Nothing that still keeps the event loop alive is needed any more.
  setImmediate(() => process.exit(isClosed ? ExitCode.ok : ExitCode.failed));
  return isClosed ? ExitCode.ok : ExitCode.failed;
}

/** Whether the promise resolved in time. Rejects if it does. */
async function within(durationMs: number, promise: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), durationMs);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

const EXAMPLES = `
Every option can also be set by the variable in brackets, or in the file given by --config: --limits-outbox-bytes is
"limits: { outboxBytes: … }" there. Flags win over variables, and variables over the file.

Ctrl+C or SIGTERM stops the server, which exits with 0; a second signal ends it at once.

Examples:
  longwire serve --auth dev
  longwire serve --auth jwt --jwt-secret-file /run/secrets/longwire --host 0.0.0.0
  longwire serve --auth jwt --jwks https://login.example.org/jwks.json --audience longwire --config longwire.yaml`;
