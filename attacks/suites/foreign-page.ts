// Rows 8 and 9 of docs/fault-catalogue.md in a real browser, with a page of another origin.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromiumArguments, findChromium } from '@longwire/test-support/chromium';
import { ServerProcess } from '@longwire/test-support/server-process';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

export async function describeForeignPage(): Promise<void> {
  const found = await findChromium();
  describe.skipIf(found.path === undefined)('a page in Chromium', () => {
    let server: ServerProcess;
    let elsewhere: Server;
    let browser: Browser;

    beforeAll(async () => {
      server = await ServerProcess.start();
      elsewhere = createServer((_request, response) => {
        response.setHeader('Content-Type', 'text/html');
        response.end('<!doctype html><title>elsewhere</title>');
      });
      elsewhere.listen(0, '127.0.0.1');
      await once(elsewhere, 'listening');
      browser = await chromium.launch({ executablePath: found.path ?? '', args: chromiumArguments });
    }, 60_000);
    afterAll(async () => {
      await browser?.close();
      elsewhere?.close();
      elsewhere?.closeAllConnections();
      await server?.remove();
    }, 60_000);

    /** What a page at `pageUrl` gets when it opens a WebSocket to the server. */
    async function outcomeFrom(pageUrl: string): Promise<string> {
      const page = await browser.newPage();
      try {
        await page.goto(pageUrl);
        return await page.evaluate(
          (url) =>
            new Promise<string>((resolve) => {
              const socket = new WebSocket(url, 'longwire.v1.json');
              socket.onopen = () => resolve('open');
              socket.onclose = (event) => resolve(`closed ${event.code}`);
            }),
          server.gatewayUrl,
        );
      } finally {
        await page.close();
      }
    }

    it('of the same origin connects', async () => {
      expect(await outcomeFrom(server.url)).toBe('open');
    });

    it('from another port of the same machine is refused with 1006 (row 9)', async () => {
      const { port } = elsewhere.address() as AddressInfo;
      expect(await outcomeFrom(`http://127.0.0.1:${port}/`)).toBe('closed 1006');
    });

    it('with the opaque origin of a data: URL is refused with 1006 (row 8)', async () => {
      expect(await outcomeFrom('data:text/html,<title>nowhere</title>')).toBe('closed 1006');
    });
  });
}
