import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launch } from '../../bin/browser.ts';
import { consentText, defaultSite } from '../../web/consent.ts';
import { accepted, freshScript, LEAD_ID, problem, raiseStage, type Script, type Stage } from './stage.ts';
import { focusedId, visit } from './visit.ts';

let browser: Browser;
let stage: Stage;
beforeAll(async () => { [browser, stage] = await Promise.all([launch(), raiseStage()]); });
afterAll(async () => { await browser.close(); await stage.close(); });
beforeEach(() => { stage.script = freshScript(); stage.received.length = 0; });

const fillIn = async (page: Page): Promise<void> => {
  await page.getByLabel('Phone number').fill('+1 415 555 0100');
  await page.getByRole('checkbox').check();
};
const send = (page: Page): Promise<void> => page.getByRole('button', { name: 'Call me' }).click();
const says = (page: Page, text: string): Promise<void> => page.getByRole('status').getByText(text).waitFor();
const summary = (page: Page) => page.locator('#faults');

describe('the enquiry page', () => {
  it('sends what was filled in, with the consent exactly as it is shown, unticked until the visitor ticks it', async () => {
    const { page, faults, leave } = await visit(browser, stage.url);
    expect(await page.getByRole('checkbox').isChecked()).toBe(false);
    await page.getByLabel('Your name').fill('Ada');
    await page.getByLabel('What is it about?').fill('Solar panels');
    await fillIn(page);
    const shown = (await page.locator('#consent-points > li, #consent-label').allInnerTexts()).join(' ');
    await send(page);
    await says(page, 'We have your enquiry.');
    const [enquiry] = stage.enquiries();
    expect(enquiry?.type).toBe('application/json');
    expect(enquiry?.key).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(enquiry!.body)).toEqual({
      name: 'Ada', phone: '+1 415 555 0100', interest: 'Solar panels', consent: true, consentText: shown, timeZone: 'Europe/Berlin', formUrl: `${stage.url}/`,
    });
    expect(shown).toBe(consentText(defaultSite));
    expect(faults).toEqual([]);
    await leave();
  });

  it('shows every step of the call as it happens, and stops asking at the end', async () => {
    const { page, faults, leave } = await visit(browser, stage.url);
    await page.clock.install();
    await fillIn(page);
    await send(page);
    await says(page, 'We have your enquiry.');
    expect(await focusedId(page)).toBe('progress-title');
    const walk: [Script['progress'], string, string | null][] = [
      [{ status: 'dialling', callStatus: 'initiated', dueAt: null, reason: null }, 'We are calling you.', 'Calling you, now'],
      [{ status: 'dialling', callStatus: 'ringing', dueAt: null, reason: null }, 'Your phone is ringing.', 'Ringing, now'],
      [{ status: 'in-call', callStatus: 'in-progress', dueAt: null, reason: null }, 'You are talking with us.', 'Talking, now'],
      [{ status: 'reached', callStatus: 'completed', dueAt: null, reason: null }, 'We have talked. Thank you.', null],
    ];
    for (const [progress, headline, step] of walk) {
      stage.script.progress = progress;
      await says(page, headline);
      const current = page.locator('[aria-current="step"]');
      expect(await current.count() ? await current.textContent() : null).toBe(step);
    }
    const asked = stage.received.length;
    await page.clock.runFor(120_000);
    await page.getByRole('button', { name: 'Send a new enquiry' }).click();
    expect(await focusedId(page)).toBe('phone');
    stage.script.progress = { status: 'new', callStatus: null, dueAt: null, reason: null };
    await fillIn(page);
    await send(page);
    await says(page, 'We have your enquiry.');
    // In the two minutes between the end of the first and the second enquiry, nobody asked; and the second is an enquiry of its own.
    expect(stage.received[asked]?.path).toBe('POST /enquire');
    const keys = stage.enquiries().map(({ key }) => key);
    expect(new Set(keys).size).toBe(2);
    expect(faults).toEqual([]);
    await leave();
  });

  it('tells when a scheduled call comes and why', async () => {
    const { page, leave } = await visit(browser, stage.url);
    stage.script.progress = { status: 'scheduled', callStatus: null, dueAt: '2099-06-03T07:00:00Z', reason: 'It is outside calling hours where you are' };
    await fillIn(page);
    await send(page);
    await says(page, '3 June at 09:00');
    await says(page, 'It is outside calling hours where you are.');
    expect(await page.locator('#progress-headline').textContent()).toMatch(/^We will call you on Wednesday,? 3 June at 09:00\.$/);
    await leave();
  });

  it('asks for what is missing without asking the server', async () => {
    const { page, leave } = await visit(browser, stage.url);
    await send(page);
    await summary(page).waitFor();
    expect(await focusedId(page)).toBe('faults');
    expect(await page.getByLabel('Phone number').getAttribute('aria-invalid')).toBe('true');
    await summary(page).getByRole('link', { name: /Tick the box/ }).click();
    expect(await focusedId(page)).toBe('consent');
    expect(stage.enquiries()).toEqual([]);
    await leave();
  });

  it('shows what the server says beside the field that it names, and takes it away when the field is corrected', async () => {
    const { page, leave } = await visit(browser, stage.url, {}, /status of 422/);
    stage.script.enquire = [problem(422, 'invalid-enquiry', 'Check the form.', [{ field: 'phone', message: 'This number is too short for its country.' }]), accepted];
    await fillIn(page);
    await send(page);
    await summary(page).waitFor();
    const phone = page.getByLabel('Phone number');
    const described = (await phone.getAttribute('aria-describedby'))!.split(' ');
    expect(described).toContain('phone-error');
    expect(await page.locator('#phone-error').textContent()).toBe('This number is too short for its country.');
    await phone.fill('+1 415 555 0101');
    expect(await page.locator('#phone-error').isVisible()).toBe(false);
    expect(await phone.getAttribute('aria-invalid')).toBeNull();
    await send(page);
    await says(page, 'We have your enquiry.');
    await leave();
  });

  it('says when to try again after too many enquiries', async () => {
    const { page, leave } = await visit(browser, stage.url, {}, /status of 429/);
    stage.script.enquire = [problem(429, 'too-many', 'There were many enquiries for this number.', [], { 'retry-after': '120' })];
    await fillIn(page);
    await send(page);
    await summary(page).getByText('Please try again in about 2 minutes.').waitFor();
    expect(await summary(page).textContent()).toContain('There were many enquiries for this number.');
    await leave();
  });

  it('keeps everything when no answer comes, and sends the same enquiry again under the same key', async () => {
    const { page, leave } = await visit(browser, stage.url, {}, /ERR_|Failed to load/);
    stage.script.enquire = ['drop'];
    await fillIn(page);
    await send(page);
    await summary(page).getByText('Nothing was lost').waitFor();
    expect(await page.getByLabel('Phone number').inputValue()).toBe('+1 415 555 0100');
    stage.script.enquire = [accepted];
    await send(page);
    await says(page, 'We have your enquiry.');
    const sent = stage.enquiries();
    expect(sent.length).toBeGreaterThan(1);
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
    expect(new Set(sent.map(({ body }) => body)).size).toBe(1);
    await leave();
  });

  it('keeps the key over a reload while no answer was seen', async () => {
    const { page, leave } = await visit(browser, stage.url, {}, /ERR_|Failed to load/);
    stage.script.enquire = ['drop'];
    await fillIn(page);
    await send(page);
    await summary(page).waitFor();
    await page.reload();
    stage.script.enquire = [accepted];
    await fillIn(page);
    await send(page);
    await says(page, 'We have your enquiry.');
    expect(new Set(stage.enquiries().map(({ key }) => key)).size).toBe(1);
    await leave();
  });

  it('offers a new enquiry when the earlier one did arrive with other content', async () => {
    const { page, leave } = await visit(browser, stage.url, {}, /status of 409/);
    stage.script.enquire = [problem(409, 'key-reused', 'This key belongs to another enquiry.'), accepted];
    await fillIn(page);
    await send(page);
    await summary(page).getByText('Your earlier enquiry did reach us').waitFor();
    await send(page);
    await says(page, 'We have your enquiry.');
    const [first, second] = stage.enquiries();
    expect(second!.key).not.toBe(first!.key);
    await leave();
  });

  it('sends one enquiry however often the button is pressed', async () => {
    const { page, leave } = await visit(browser, stage.url);
    const letGo = stage.hold();
    await fillIn(page);
    await page.getByRole('button', { name: 'Call me' }).dblclick();
    await page.getByLabel('Phone number').press('Enter');
    letGo();
    await says(page, 'We have your enquiry.');
    expect(stage.enquiries()).toHaveLength(1);
    await leave();
  });

  it('goes on with the call after a reload', async () => {
    const { page, faults, leave } = await visit(browser, stage.url);
    stage.script.progress = { status: 'in-call', callStatus: 'in-progress', dueAt: null, reason: null };
    await fillIn(page);
    await send(page);
    await says(page, 'You are talking with us.');
    await page.reload();
    await says(page, 'You are talking with us.');
    expect(stage.received.at(-1)?.path).toBe(`GET /enquire/${LEAD_ID}`);
    expect(stage.enquiries()).toHaveLength(1);
    expect(faults).toEqual([]);
    await leave();
  });

  it('survives answers that are lost, says so, and takes up the thread', async () => {
    const { page, leave } = await visit(browser, stage.url, {}, /ERR_|Failed to load/);
    stage.script.progress = 'drop';
    await fillIn(page);
    await send(page);
    await says(page, 'Your call does not depend on this page');
    stage.script.progress = { status: 'dialling', callStatus: 'ringing', dueAt: null, reason: null };
    await says(page, 'Your phone is ringing.');
    expect(await page.locator('#progress-note').textContent()).toBe('');
    await leave();
  });

  it('gives the form back when the server no longer knows the enquiry', async () => {
    const { page, leave } = await visit(browser, stage.url, {}, /status of 404/);
    stage.script.progress = problem(404, 'no-such-enquiry', 'No such enquiry.');
    await fillIn(page);
    await send(page);
    await summary(page).getByText('We no longer find your earlier enquiry').waitFor();
    expect(await page.getByRole('button', { name: 'Call me' }).isVisible()).toBe(true);
    await leave();
  });

  it('works without JavaScript: the form posts itself, with the same consent', async () => {
    const { page, leave } = await visit(browser, stage.url, { javaScriptEnabled: false });
    await fillIn(page);
    await Promise.all([page.waitForURL('**/enquire'), send(page)]);
    const [enquiry] = stage.enquiries();
    expect(enquiry?.type).toBe('application/x-www-form-urlencoded');
    const form = new URLSearchParams(enquiry!.body);
    expect(form.get('phone')).toBe('+1 415 555 0100');
    expect(form.get('consent')).toBe('true');
    expect(form.get('consentText')).toBe(consentText(defaultSite));
    await page.goto(`${stage.url}/?enquiry=${LEAD_ID}#received`);
    await page.getByRole('heading', { name: 'We have your enquiry.' }).waitFor();
    expect(await page.getByRole('button', { name: 'Call me' }).isVisible()).toBe(false);
    await leave();
  });

  it('follows the call of a form that was posted before the page was ready', async () => {
    stage.script.progress = { status: 'dialling', callStatus: 'ringing', dueAt: null, reason: null };
    const { page, faults, leave } = await visit(browser, `${stage.url}/?enquiry=${LEAD_ID}#received`);
    await says(page, 'Your phone is ringing.');
    expect(page.url()).toBe(`${stage.url}/`);
    expect(faults).toEqual([]);
    await leave();
  });
});
