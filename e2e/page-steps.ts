// What a person does on the page.

import type { BrowserContext, Page } from 'playwright-core';

/** @param complaints  receives what the browser reports: policy violations, exceptions, failed requests */
export async function openPage(context: BrowserContext, url: string, complaints: string[]): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(`pageerror ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.goto(url);
  return page;
}

// Chromium draws a tab in the background about once a second, and Playwright waits for drawn frames before it clicks. So
// every step brings its tab to the front, as a person would; what arrives in the other one arrives in the background.

export async function signIn(page: Page, name: string): Promise<void> {
  await page.bringToFront();
  await page.getByLabel('Name', { exact: false }).fill(name);
  await page.getByRole('button', { name: /Sign in/ }).click();
  await page.locator('#connection[data-state="connected"]').waitFor();
}

export async function talkTo(page: Page, peer: string): Promise<void> {
  await page.bringToFront();
  await page.getByLabel(/Talk to/).fill(peer);
  await page.getByRole('button', { name: /Open/ }).click();
  await page.locator('#peer', { hasText: peer }).waitFor();
}

export async function say(page: Page, text: string): Promise<void> {
  await page.bringToFront();
  await page.locator('#composer-text').fill(text);
  await page.locator('#composer-text').press('Enter');
}

/** The texts of the open conversation. */
export const bubbles = (page: Page): Promise<string[]> => page.locator('#messages .bubble').allTextContents();

/** The names in the list of conversations. */
export const listed = (page: Page): Promise<string[]> => page.locator('#conversations .name').allTextContents();
