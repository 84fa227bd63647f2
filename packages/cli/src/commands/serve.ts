// `longwire serve`: configuration in, a server until a signal.

import { createLogger, type Logger, loadConfig, type RunningServer, ServerError, startServer } from '@longwire/server';
import { pageDirectory } from '@longwire/web';
import { Command } from 'commander';
import { bannerJson, bannerText } from '../banner.js';
import { CliFailure, ExitCode, type SetExitCode } from '../exit-code.js';
import { type StopSignal, stopSignal } from '../stop-signal.js';
import { painter, type Terminal, usesColor, writeLine } from '../terminal.js';
import { addServerOptions, configSources } from './server-options.js';

/** The whole way from a signal to the exit; then the process ends whatever is still open. */
const STOP_WITHIN_MS = 4_500;

export function serveCommand(terminal: Terminal, setExitCode: SetExitCode): Command {
  const command = new Command('serve').description('run the server');
  return addServerOptions(command)
    .option('--no-page', 'do not serve the page at /')
    .option('--json', 'print where the server listens as one JSON object')
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
  const { config } = loadConfig(configSources(command, terminal));
  const color = usesColor(terminal, terminal.stderr);
  const logger = createLogger({ level: config.logLevel, destination: terminal.stderr, color });
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
    throw startFailure(error);
  }
  const facts = { server, hasPage: options.page, nodeVersion: process.versions.node };
  const banner = options.json ? bannerJson(facts) : bannerText(facts, painter(usesColor(terminal, terminal.stdout)));
  await writeLine(terminal, banner);

  const ended = await Promise.race([signal.received, fatal]);
  if (ended instanceof ServerError) {
    logger.error({ err: ended }, 'The store cannot go on; the server ends');
    await within(STOP_WITHIN_MS, server.close()).catch(() => undefined);
    return ExitCode.failed;
  }
  return stop(ended, Promise.resolve(server), { logger, signal });
}

/** Stops the server, also one that is still starting, and ends the process whatever is left. */
async function stop(
  asked: NodeJS.Signals,
  starting: Promise<RunningServer>,
  { logger, signal }: { readonly logger: Logger; readonly signal: StopSignal },
): Promise<number> {
  logger.info({ signal: asked }, 'Stopping; once more to stop at once');
  const isClosed = await within(
    STOP_WITHIN_MS,
    starting.then((server) => server.close()),
  );
  if (!isClosed) logger.error({ afterMs: STOP_WITHIN_MS }, 'The server did not stop in time; it ends now');
  signal.release();
  // Whatever still keeps the event loop alive is nobody's any more.
  setImmediate(() => process.exit(isClosed ? ExitCode.ok : ExitCode.failed));
  return isClosed ? ExitCode.ok : ExitCode.failed;
}

/** Whether the promise settled in time. Rejects as it does. */
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

function startFailure(error: unknown): unknown {
  if (error instanceof ServerError && error.code !== 'invalid_config') {
    return new CliFailure(ExitCode.failed, error.message, { cause: error });
  }
  return error;
}

const EXAMPLES = `
Every option can also be set by the variable named in brackets, or in the file given by --config, where
limits.outboxBytes is "limits: { outboxBytes: … }". Flags win over variables, variables over the file.

Examples:
  longwire serve --auth dev
  longwire serve --auth jwt --jwt-secret-file /run/secrets/longwire --host 0.0.0.0
  longwire serve --auth jwt --jwks https://login.example.org/jwks.json --audience longwire --config longwire.yaml`;
