// Tabs of a real Chromium, and what it complained about: exceptions of a page, failed loads, policy violations.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { chromiumArguments, findChromium } from './chromium.mjs';

const found = await findChromium();
const screenshots = fileURLToPath(new URL('../../test-results/', import.meta.url));

/** Why tests in a browser are skipped; undefined when they are not. */
export const whyNoBrowser = found.path === undefined ? found.reason : undefined;

/**
 * A test that acts in a tab brings it to the front first, as a person does: Chromium draws the others about once a second, and
 * Playwright waits for drawn frames before it clicks.
 */
export class BrowserTabs {
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #window: BrowserContext;

  static async launch(): Promise<BrowserTabs> {
    const browser = await chromium.launch({ executablePath: found.path ?? '', args: chromiumArguments });
    return new BrowserTabs(browser, await browser.newContext({ viewport: { width: 900, height: 640 } }));
  }

  private constructor(browser: Browser, window: BrowserContext) {
    this.#browser = browser;
    this.#window = window;
  }

  /** Opens a tab. `before` runs in it ahead of the page's own script. */
  async open(url: string, before?: () => void): Promise<Page> {
    const page = await this.#window.newPage();
    page.on('pageerror', (error) => this.complaints.push(`pageerror ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    if (before !== undefined) await page.addInitScript(before);
    await page.goto(url);
    return page;
  }

  /** Brings the tab to the front, and leaves a picture of it in `test-results`, for people. */
  async picture(page: Page, name: string): Promise<void> {
    mkdirSync(screenshots, { recursive: true });
    await page.bringToFront();
    await page.screenshot({ path: `${screenshots}${name}.png` });
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
