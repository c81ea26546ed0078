import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { launch } from '../../bin/browser.ts';
import { makeWorld } from '#doubles/world.ts';
import { enquireHandler } from '#handlers/enquire.ts';
import { silentLog } from '#house/log.ts';
import { startGateway } from '#local/gateway/server.ts';
import { buildSite } from '../../web/build.ts';
import { axeFindings, visit } from './visit.ts';

let browser: Browser;
let site: string;
beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'captcha-page-'));
  [browser] = await Promise.all([launch(), buildSite(site, { turnstileSiteKey: 'the-site-key' })]);
});
afterAll(async () => { await browser.close(); await rm(site, { recursive: true }); });

/** Turnstile's script as far as a page sees it: a frame of Cloudflare's, and a token that is another one after each reset. Solving is a button. */
const API = `(() => {
  let made = 0;
  window.turnstile = {
    render(place, options) {
      window.asked = options;
      place.append(Object.assign(document.createElement('iframe'), { src: 'https://challenges.cloudflare.com/widget', title: 'Captcha' }));
      const on = (name, act) => place.append(Object.assign(document.createElement('button'), { type: 'button', textContent: name, onclick: act }));
      on('I am a person', () => { made += 1; options.callback('token-' + made); });
      on('Expire', () => options['expired-callback']());
      on('Fail', () => options['error-callback']('300010'));
      return 'widget-1';
    },
    reset(id) { if (id !== 'widget-1') throw new Error('no such widget: ' + id); window.resets = (window.resets ?? 0) + 1; },
  };
})()`;

/** The page with the captcha over the real enquiry handler, whose captcha takes these tokens. */
const front = async (good: string[], { script = API, captcha = true, expected = null }: { script?: string | null; captcha?: boolean; expected?: RegExp | null } = {}) => {
  const world = makeWorld();
  const shown: string[] = [];
  const isSolved = async ({ token }: { token: string }): Promise<boolean> => { shown.push(token); return good.includes(token); };
  const handler = enquireHandler({ ...world.enquiryDeps, calls: world.stores.calls, defaultCallingCode: undefined, log: silentLog, captcha: { isSolved } });
  const gateway = await startGateway({
    port: 0, site: { directory: site, captcha },
    routes: [{ method: 'POST', path: '/enquire', name: 'enquire', handler }, { method: 'GET', path: '/enquire/{leadId}', name: 'enquire', handler }],
  });
  onTestFinished(gateway.stop);
  const visited = await visit(browser, 'about:blank', {}, expected);
  const { page } = visited;
  const fetched: string[] = [];
  await page.context().route('https://challenges.cloudflare.com/**', async (route) => {
    fetched.push(route.request().url());
    if (route.request().url().endsWith('/widget')) await route.fulfill({ contentType: 'text/html', body: '<!doctype html><html lang="en"><title>Captcha</title><p>Captcha</p></html>' });
    else if (script === null) await route.abort();
    else await route.fulfill({ contentType: 'text/javascript', body: script });
  });
  await page.goto(gateway.url);
  return { ...visited, world, shown, fetched };
};

const fillIn = async (page: Page, phone = '+1 415 555 0100'): Promise<void> => {
  await page.getByLabel('Phone number').fill(phone);
  await page.getByRole('checkbox').check();
};
const solve = (page: Page): Promise<void> => page.getByRole('button', { name: 'I am a person' }).click();
const send = (page: Page): Promise<void> => page.getByRole('button', { name: 'Call me' }).click();
const fault = (page: Page, text: string): Promise<void> => page.locator('#faults').getByText(text).waitFor();
/** The panel stays; what it says at first, the server's first answer replaces. */
const taken = (page: Page): Promise<void> => page.getByRole('heading', { name: 'Your call' }).waitFor();
const resets = (page: Page): Promise<number> => page.evaluate<number>('window.resets ?? 0');

describe('the enquiry page with a captcha', () => {
  it('shows the widget before the button, and sends what it gave out', async () => {
    const { page, faults, shown, fetched, world, leave } = await front(['token-1']);
    await page.frameLocator('#captcha iframe').getByText('Captcha').waitFor();
    expect(fetched).toEqual(['https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit', 'https://challenges.cloudflare.com/widget']);
    expect(await page.evaluate<string>('window.asked.sitekey')).toBe('the-site-key');
    expect(await page.evaluate<boolean>('Boolean(document.querySelector("#captcha").compareDocumentPosition(document.querySelector("#send")) & Node.DOCUMENT_POSITION_FOLLOWING)')).toBe(true);
    expect(await axeFindings(page)).toEqual([]);
    await fillIn(page);
    await solve(page);
    await send(page);
    await taken(page);
    expect(shown).toEqual(['token-1']);
    expect((await world.stores.leads.list({ limit: 5 })).leads).toHaveLength(1);
    // The policy of the page allowed all of this: a breach would stand here.
    expect(faults).toEqual([]);
    await leave();
  });

  it('asks for the captcha without asking the server, also once it has expired', async () => {
    const { page, shown, leave } = await front(['token-1', 'token-2']);
    await fillIn(page);
    await page.getByRole('button', { name: 'I am a person' }).waitFor();
    await send(page);
    await fault(page, 'is not done yet');
    await solve(page);
    await page.getByRole('button', { name: 'Expire' }).click();
    await send(page);
    await fault(page, 'is not done yet');
    expect(shown).toEqual([]);
    await solve(page);
    await send(page);
    await taken(page);
    expect(shown).toEqual(['token-2']);
    await leave();
  });

  it('begins the captcha anew after an answer that was an error, in the words that the server had for the visitor', async () => {
    const { page, shown, leave } = await front(['token-2'], { expected: /status of 400/ });
    await fillIn(page);
    await solve(page);
    await send(page);
    await fault(page, 'The captcha was not solved, or too long ago. Please solve it again.');
    expect(await resets(page)).toBe(1);
    await send(page);
    await fault(page, 'is not done yet');
    await solve(page);
    await send(page);
    await taken(page);
    expect(shown).toEqual(['token-1', 'token-2']);
    await leave();
  });

  it('says so while the widget does not work, and forgets it when it does', async () => {
    const { page, faults, leave } = await front(['token-1']);
    await fillIn(page);
    await page.getByRole('button', { name: 'Fail' }).click();
    await page.getByRole('alert').getByText('The check that you are a person did not work.').waitFor();
    await solve(page);
    expect(await page.locator('#captcha-error').isVisible()).toBe(false);
    await send(page);
    await taken(page);
    expect(faults).toEqual([]);
    await leave();
  });

  it.each<[string, Parameters<typeof front>[1]]>([
    ['cannot be loaded', { script: null, expected: /ERR_FAILED/ }], ['is empty', { script: '' }], ['is forbidden by the page’s policy', { captcha: false, expected: /Content Security Policy/ }],
  ])('says clearly that nothing can be sent when the script %s', async (_what, options) => {
    const { page, shown, faults, leave } = await front([], options);
    const sentence = 'The check that you are a person could not be loaded, and without it we cannot take an enquiry.';
    await page.getByRole('alert').getByText(sentence).waitFor();
    await fillIn(page);
    await send(page);
    await fault(page, sentence);
    expect([shown, faults]).toEqual([[], []]);
    await leave();
  });
});
