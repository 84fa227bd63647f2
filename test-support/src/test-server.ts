// A real server in this process on a real SQLite store in a folder of its own.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, loadConfig, type RefusalCounts, type RunningServer, startServer } from '@longwire/server';

export interface TestServer {
  readonly url: string;
  readonly httpUrl: string;
  readonly folder: string;
  readonly logLines: string[];
  refusals(): RefusalCounts;
  /** Users who have a session now. */
  onlineUsers(): number;
  /** Stops it and starts another on the same folder. */
  restart(): Promise<TestServer>;
  stop(): Promise<void>;
  /** Stops it and removes the folder. */
  remove(): Promise<void>;
}

export async function startTestServer(settings: Record<string, string> = {}, folder?: string): Promise<TestServer> {
  const data = folder ?? (await mkdtemp(join(tmpdir(), 'longwire-test-')));
  const environment = { LONGWIRE_PORT: '0', LONGWIRE_DATA: data, LONGWIRE_AUTH: 'dev', ...settings };
  const { config } = loadConfig({ flags: {}, environment, configFile: undefined, workingDirectory: data });
  const logLines: string[] = [];
  const logger = createLogger({ level: 'debug', color: false, destination: { write: (line) => logLines.push(line) } });
  const running: RunningServer = await startServer(config, {
    logger,
    pageDirectory: undefined,
    onFatal: (error) => logLines.push(`fatal ${error.message}`),
  });
  const { port } = running.address;
  const stop = (): Promise<void> => running.close();
  return {
    url: `ws://127.0.0.1:${port}/v1/connect`,
    httpUrl: `http://127.0.0.1:${port}`,
    folder: data,
    logLines,
    refusals: () => running.refusals,
    onlineUsers: () => running.onlineUsers,
    stop,
    restart: async () => {
      await stop();
      return startTestServer(settings, data);
    },
    remove: async () => {
      await stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}
