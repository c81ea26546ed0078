// Called by the page tests: opens a page in the browser and keeps account of what went wrong in it.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { AxeResults } from 'axe-core';

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const axeSource = await readFile(axeFile, 'utf8');

export interface Visit {
  page: Page;
  /** Console errors (among them breaches of the content security policy) and uncaught exceptions so far. */
  faults: string[];
  leave: () => Promise<void>;
}

/** `expected`: answers of the server that the browser logs as errors by itself, like "status of 422". */
export const visit = async (browser: Browser, url: string, options: BrowserContextOptions = {}, expected: RegExp | null = null): Promise<Visit> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !expected?.test(message.text())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.goto(url);
  return { page, faults, leave: () => context.close() };
};

/** axe-core's findings on the page as it stands, one line each: rule and elements. */
export const axeFindings = async (page: Page): Promise<string[]> => {
  // Evaluated by the debugger, which the content security policy does not bind.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate<Pick<AxeResults, 'violations'>>('axe.run(document, { resultTypes: ["violations"] })');
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`));
};

/** How many pixels the page is wider than its window. */
export const overhang = (page: Page): Promise<number> => page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** The id of the element that has the focus. */
export const focusedId = (page: Page): Promise<string> => page.evaluate<string>('document.activeElement.id');
