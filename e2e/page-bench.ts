// A server and Chromium for the tests of one file, and a browser context of its own for each test.

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connect, type LongwireClient } from '@longwire/client';
import { chromiumArguments, findChromium } from '@longwire/test-support/chromium';
import { ServerProcess } from '@longwire/test-support/server-process';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { openPage, signIn } from './page-steps.js';

const found = await findChromium();
export const hasNoBrowser = found.path === undefined;
export const pageTimeoutMs = 60_000;
export const screenshots = fileURLToPath(new URL('../test-results/', import.meta.url));

export interface PageBench {
  readonly port: number;
  /** A page of the server, or what a proxy shows of it. */
  open(url?: string): Promise<Page>;
  /** A page on which a user has signed in. */
  openAs(name: string): Promise<Page>;
  /** A user without a page. */
  clientOf(name: string): LongwireClient;
}

/** To be called inside `describe`. After each test, the browser must have complained of nothing. */
export function usePageBench(settings: Readonly<Record<string, string>> = {}): PageBench {
  let server: ServerProcess;
  let browser: Browser;
  let context: BrowserContext;
  const clients: LongwireClient[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    server = await ServerProcess.start(settings);
    browser = await chromium.launch({ executablePath: found.path ?? '', args: chromiumArguments });
  }, pageTimeoutMs);

  afterAll(async () => {
    await browser?.close();
    await server?.remove();
  }, pageTimeoutMs);

  beforeEach(async () => {
    context = await browser.newContext();
    complaints.length = 0;
  });

  afterEach(async () => {
    await context.close();
    await Promise.all(clients.splice(0).map((client) => client.close()));
    expect(complaints).toEqual([]);
  });

  const open = (url = server.url) => openPage(context, url, complaints);
  return {
    get port() {
      return server.port;
    },
    open,
    async openAs(name) {
      const page = await open();
      await signIn(page, name);
      return page;
    },
    clientOf(name) {
      const client = connect({ url: server.url, device: 'test', getToken: () => `dev:${name}` });
      clients.push(client);
      return client;
    },
  };
}
